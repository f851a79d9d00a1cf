import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { tokenPerplexity } from "../../harness/analysis/tokenPerplexity.ts";
import type { Frame } from "../../harness/analysis/frame.ts";
import type { Build } from "../../harness/build/build.ts";
import { encodeFrame } from "./frames.ts";
import { smallQuantized, smallVocabulary } from "./smallModel.ts";
import { paperTarget } from "./target.ts";

/** What the fake programs do. */
export interface Behaviour {
  /** Body of a shell script; `$model`, `$quantized` and `$type` are set, and `$made`, the small model in the type, which is copied by default. */
  quantize?: string;
  /** Body of a shell script; `$frames` is set, where frames go. Prints a good result and writes its frames by default. */
  perplexity?: string;
}

/** How the fake program evaluated. */
interface Evaluated {
  context: number;
  batchChunks: number;
  vocabulary: number;
  /** Chunks that the text has; as many as were evaluated by default. */
  available?: number;
}

const asAsked: Evaluated = { context: 8, batchChunks: 1, vocabulary: smallVocabulary };

/** Frames of chunks whose tokens have these NLLs. */
function framesOf(nlls: readonly number[], { context, batchChunks, vocabulary, available = nlls.length }: Evaluated): Frame[] {
  const tokens = context - 1 - context / 2;
  return nlls.map((nll, chunk) => ({
    chunk, contextTokens: context, batchChunks, availableChunks: available, vocabularySize: vocabulary,
    expected: new Int32Array(tokens), top: new Int32Array(tokens), nll: new Float64Array(tokens).fill(nll), reference: null,
  }));
}

/**
 * Shell lines that print what llama-perplexity prints for chunks with these NLLs, and write their frames.
 *
 * @param other than a study of the lab asks for
 */
export function printedPerplexity(nlls: readonly number[], other: Partial<Evaluated> = {}): string {
  const how = { ...asAsked, ...other };
  const frames = framesOf(nlls, how);
  const upTo = (count: number): ReturnType<typeof tokenPerplexity> => tokenPerplexity(frames.slice(0, count));
  const { ppl, error } = upTo(nlls.length);
  const bytes = Buffer.concat(frames.map(encodeFrame)).toString("base64");
  return [
    "",
    `echo '0.00.100.000 I perplexity: calculating perplexity over ${nlls.length} chunks, n_ctx=${how.context}, batch_size=8, n_seq=1' >&2`,
    `echo ${bytes} | base64 -d >> "$frames"`,
    ...nlls.map((nll, index) => `printf '[${index + 1}]${upTo(index + 1).ppl.toFixed(4)},'; echo; echo 'chunk ${index + 1} nll ${nll.toFixed(1)}'`),
    `echo '0.00.200.000 I Final estimate: PPL = ${ppl.toFixed(4)} +/- ${error.toFixed(5)}' >&2`,
    "",
  ].join("\n");
}

/** The same of two good chunks. */
export const goodPerplexity = printedPerplexity([2, 3]);

/** A build whose programs are shell scripts: for what real ones do only by accident. */
export async function fakeBuild(folder: string, { quantize = 'cp "$made" "$quantized"', perplexity = goodPerplexity }: Behaviour = {}): Promise<Build> {
  await mkdir(folder, { recursive: true });
  // The last four arguments are model, quantized, type and threads.
  const head = 'for a in "$@"; do model=$b; b=$c; c=$d; d=$a; done; quantized=$b; type=$c\n' + `made='${await smallQuantized()}'/"$type".gguf\n`;
  await script(path.join(folder, "llama-quantize"), `${head}echo "$@" >> "$0.calls"\n${quantize}`);
  // Asked what it knows of a model or text, it has nothing to say.
  const frames = 'case " $* " in *" --chunks 0 "*) exit 0;; esac\necho "$@" >> "$0.calls"\nwhile [ $# -gt 0 ]; do if [ "$1" = --frames ]; then frames=$2; fi; shift; done\n';
  await script(path.join(folder, "llama-perplexity"), `${frames}${perplexity}`);
  return { ...paperTarget().build, folder, binary: (name) => path.join(folder, name) };
}

async function script(file: string, body: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}
