import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Build } from "../../harness/build/build.ts";

/** What the fake programs do. */
export interface Behaviour {
  /** Body of a shell script; `$model`, `$quantized` and `$type` are set. Copies the model by default. */
  quantize?: string;
  /** Body of a shell script; `$chunks` is set. Prints a good result by default. */
  perplexity?: string;
}

/** Shell lines that print what llama-perplexity prints for chunks with these NLLs. */
export function printedPerplexity(nlls: readonly number[]): string {
  const running = nlls.map((_, index) => Math.exp(nlls.slice(0, index + 1).reduce((sum, nll) => sum + nll, 0) / (index + 1)).toFixed(4));
  return [
    "",
    `echo '0.00.100.000 I perplexity: calculating perplexity over ${nlls.length} chunks, n_ctx=8, batch_size=8, n_seq=1' >&2`,
    ...nlls.map((nll, index) => `printf '[${index + 1}]${running[index]},'; echo; echo 'chunk ${index + 1} nll ${nll.toFixed(1)}'`),
    `echo '0.00.200.000 I Final estimate: PPL = ${running.at(-1)} +/- 0.50000' >&2`,
    "",
  ].join("\n");
}

/** The same of two good chunks. */
export const goodPerplexity = printedPerplexity([2, 3]);

/** A build whose programs are shell scripts: for what real ones do only by accident. */
export async function fakeBuild(folder: string, { quantize = 'cp "$model" "$quantized"', perplexity = goodPerplexity }: Behaviour = {}): Promise<Build> {
  await mkdir(folder, { recursive: true });
  // The last four arguments are model, quantized, type and threads.
  const head = 'for a in "$@"; do model=$b; b=$c; c=$d; d=$a; done; quantized=$b; type=$c\n';
  await script(path.join(folder, "llama-quantize"), `${head}echo "$@" >> "$0.calls"\n${quantize}`);
  await script(path.join(folder, "llama-perplexity"), `echo "$@" >> "$0.calls"\n${perplexity}`);
  return {
    variant: "patched", release: "b0", key: "0".repeat(64), folder, tree: "tree", libraryHash: "library", compiler: "none",
    cmakeFlags: [], cpu: "none", binary: (name) => path.join(folder, name),
  };
}

async function script(file: string, body: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}
