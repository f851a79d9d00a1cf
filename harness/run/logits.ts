import { stat, statfs } from "node:fs/promises";
import path from "node:path";
import prettyBytes from "pretty-bytes";
import { UserError } from "../errors.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { run } from "../process/run.ts";
import { logitsArguments, roles, type Settings } from "./arguments.ts";
import type { Build } from "../build/build.ts";
import { buildInputs } from "./buildInputs.ts";
import { childEnvironment } from "./environment.ts";
import type { Report } from "./events.ts";
import { followChunks } from "./followChunks.ts";
import type { Content, Model } from "./inputs.ts";
import { refuseShortText } from "./perplexity.ts";
import { once, preparedFile } from "./prepared.ts";

/** The model's own predictions over a text, computed when they are first needed. */
export interface Logits {
  /** Path of the file, made if need be. */
  file(): Promise<string>;
}

/**
 * Bytes of the file that `llama-perplexity --kl-divergence-base` writes (tools/perplexity/perplexity.cpp):
 * a head, the tokens, and for each position in the second half of a chunk two floats and 16 bits a token.
 */
export function logitsBytes({ chunks, context, vocabulary }: { chunks: number; context: number; vocabulary: number }): number {
  const positions = context - 1 - Math.floor(context / 2);
  const row = 2 * Math.floor((vocabulary + 1) / 2) + 4;
  return 20 + 4 * chunks * context + 2 * chunks * positions * row;
}

/**
 * The model's predictions over a text, kept in the cache folder and not with the results: they are large,
 * and can be made again. Their size is told before they are written.
 *
 * @throws UserError (from `file`) when the disk has not enough room for them
 */
export function prepareLogits(
  { build, model, text, settings }: { build: Build; model: Model; text: Content; settings: Settings },
  report: Report,
  signal: AbortSignal,
): Logits {
  const argv = logitsArguments(settings, { model: roles.model, text: roles.text, logits: roles.logits }, build.lacks);
  const key = hashText(canonicalJson({ ...buildInputs(build), model: model.sha256, text: text.sha256, argv }));
  const vocabulary = model.gguf.metadata.get("tokenizer.ggml.tokens");
  const tokens = Array.isArray(vocabulary) ? vocabulary.length : 0;

  const make = async (unfinished: string, folder: string): Promise<void> => {
    const stop = new AbortController();
    let expected = 0;
    let lack: Promise<string | null> = Promise.resolve(null);
    const announce = (chunks: number): void => {
      expected = logitsBytes({ chunks, context: settings.context, vocabulary: tokens });
      report({ kind: "note", text: `predictions of ${model.name} over ${text.name}: ${prettyBytes(expected)} in ${path.dirname(folder)}; may be deleted` });
      lack = missingRoom(folder, expected).then((message) => {
        if (message !== null) stop.abort();
        return message;
      }, () => null); // a disk that does not tell its room is no reason to stop
    };
    try {
      const output = await run(build.binary("llama-perplexity"), logitsArguments(settings, { model: model.path, text: text.path, logits: unfinished }, build.lacks), {
        cwd: folder,
        env: childEnvironment(null),
        signal: AbortSignal.any([signal, stop.signal]),
        onText: followChunks((done, chunks) => {
          if (expected === 0) announce(chunks);
          report({ kind: "prepare", text: `predictions of the model: chunk ${done} of ${chunks}`, fraction: done / chunks });
        }),
      });
      refuseShortText(output, settings);
    } catch (error) {
      const message = await lack;
      if (message !== null && !signal.aborted) throw new UserError(message);
      throw error;
    }
    const { size: bytes } = await stat(unfinished);
    if (bytes !== expected) throw new UserError(`the predictions of ${model.name} have ${bytes} bytes, not ${expected}: the disk may be full`);
  };
  const onWait = (): void => report({ kind: "note", text: "waiting: another process is computing the model's predictions" });
  return { file: once(() => preparedFile("logits", `${key}.kld`, make, { signal, onWait })) };
}

async function missingRoom(folder: string, bytes: number): Promise<string | null> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return null;
  return `the model's predictions need ${prettyBytes(bytes)}, ${folder} has room for ${prettyBytes(free)}; give fewer --chunks, or another cache folder in QUANTFLEX_CACHE`;
}
