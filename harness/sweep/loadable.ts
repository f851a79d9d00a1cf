import path from "node:path";
import { z } from "zod";
import type { Build } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { GgufBytes } from "../gguf/bytes.ts";
import type { Gguf } from "../gguf/read.ts";
import { keptJson, rememberJson } from "../json.ts";
import { cacheFolder, scratchParent } from "../paths.ts";
import { bothStreams } from "../parse/numbers.ts";
import { ProcessError, run } from "../process/run.ts";
import { withScratch } from "../scratch.ts";
import { deviceArguments } from "../steps/arguments.ts";
import { childEnvironment } from "../steps/environment.ts";
import type { Settings } from "../steps/settings.ts";
import { refuseShortText } from "../steps/shortText.ts";
import type { Report } from "./events.ts";
import type { Content, Model } from "./inputs.ts";
import { writeOwn } from "../writeAtomic.ts";

/** Who is asked, and who hears of it. */
export interface Asking {
  build: Build;
  report: Report;
  signal: AbortSignal;
}

/** Raised whenever the release is asked in another way. */
const askedVersion = 1;

/**
 * Asks the release itself whether it knows a model's architecture, settings and tokenizer: its llama-perplexity is given the
 * model's metadata without the weights; a split model whole, as it alone can tell whether a part is another model's. An
 * accepted model is remembered.
 *
 * @throws UserError with what the program says
 */
export async function refuseUnloadable({ path: file, sha256, gguf }: Model, { build, signal }: Asking): Promise<void> {
  const accepted = path.join(cacheFolder(), "loadable", `${build.key}-${sha256}`);
  if ((await keptJson(accepted, z.literal(askedVersion))) !== null) return;
  const { printed, error } = await withScratch(scratchParent(), "header", async (folder) => {
    const [header, text] = [path.join(folder, "header.gguf"), path.join(folder, "text")];
    await writeOwn(text, "text");
    if (gguf.parts === 1) await writeOwn(header, await metadataOf(gguf));
    return perplexity(["-m", gguf.parts === 1 ? header : file, "-f", text, "-c", "8", "--chunks", "0"], build, signal);
  });
  // That there are no tensors comes last.
  const reason = [...printed.matchAll(/error loading model[^:\n]*: ([^\n]+)/g)].map(([, why]) => why!.trim()).find((why) => gguf.parts > 1 || !/tensor/.test(why));
  if (reason !== undefined) throw new UserError(`model ${file} cannot be loaded by llama.cpp ${build.release}: ${reason}; use another --release, or convert the model again`);
  // One that was never asked, since the program did not start, has not accepted anything.
  if (error && !/error loading model/.test(printed)) throw error;
  await rememberJson(accepted, askedVersion);
}

/** The beginning of a model as a file of its own, which says that it has no tensors. */
async function metadataOf(gguf: Gguf): Promise<Buffer> {
  const file = new GgufBytes(gguf);
  try {
    const bytes = Buffer.alloc(gguf.metadataEnd);
    await file.read(bytes, 0);
    bytes.writeBigUInt64LE(0n, 8);
    return bytes;
  } finally {
    await file.close();
  }
}

/** Tokenizers that leave no byte of a text out. */
const bytewise: readonly unknown[] = ["llama", "gpt2"];

/**
 * Refuses a text that has too few tokens. Only of one that might the model's own tokenizer is asked: a token is at most as
 * long as the vocabulary's longest.
 *
 * @param option what gives another text
 * @throws TextTooShort
 */
export async function refuseFewTokens({ path: model, gguf: { metadata } }: Model, text: Content, option: string, { context }: Pick<Settings, "context">, { build, report, signal }: Asking): Promise<void> {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  const longest = Array.isArray(tokens) ? tokens.reduce<number>((most, token) => Math.max(most, Buffer.byteLength(String(token))), 1) : 1;
  if (bytewise.includes(metadata.get("tokenizer.ggml.model")) && text.bytes > 2 * context * longest) return;
  report({ kind: "prepare", text: `counting the tokens of ${text.name}` });
  const { printed } = await perplexity(["-m", model, "-f", text.path, "-c", String(context), "-b", String(context), "--chunks", "0"], build, signal);
  refuseShortText({ stdout: printed, stderr: "" }, context, { path: text.path, option });
}

/** What llama-perplexity prints, however it ends. */
async function perplexity(argumentList: string[], build: Build, signal: AbortSignal): Promise<{ printed: string; error: ProcessError | null }> {
  const all = [...argumentList, ...deviceArguments({ build }), ...(build.supports("--device") ? ["--no-warmup"] : [])];
  return run(build.binary("llama-perplexity"), all, { env: childEnvironment(null), signal }).then((result) => ({ printed: bothStreams(result), error: null }), (error: unknown) => {
    if (error instanceof ProcessError) return { printed: error.output, error };
    throw error;
  });
}
