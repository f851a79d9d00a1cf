import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type Build, ensureBuild } from "../../harness/build/build.ts";
import { readGguf, readTensor } from "../../harness/gguf/read.ts";
import { parseComparison } from "../../harness/parse/comparison.ts";
import { run, type ProcessResult } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { lastingTemporaryFolder } from "./temporary.ts";

/** The programs that error feedback is made and measured with, in a folder of their own. */
export interface FeedbackLab {
  build: Build;
  /** A path in the folder. */
  at(name: string): string;
  moments(model: string, text: string, out: string, options?: { chunks?: number; threads?: number; memory?: number; signal?: AbortSignal }): Promise<ProcessResult>;
  imatrix(model: string, text: string, out: string, chunks: number): Promise<ProcessResult>;
  /** llama-quantize under a pablo.conf with these lines. */
  quantize(model: string, out: string, type: string, conf: string, options?: { imatrix?: string; threads?: number }): Promise<ProcessResult>;
  /** The model's predictions, to compare with. */
  reference(model: string, text: string, out: string, chunks: number): Promise<ProcessResult>;
  /** Mean KL divergence from those, in nats. */
  divergence(model: string, text: string, reference: string, chunks: number): Promise<number>;
}

const context = ["-c", "512", "-b", "2048", "--device", "none"];

const start = (command: string, args: string[], { conf = null, signal }: { conf?: string | null; signal?: AbortSignal | undefined } = {}): Promise<ProcessResult> =>
  run(command, args, { env: childEnvironment(conf), ...(signal && { signal }) });

/** Builds the programs, llama-moments among them. */
export async function feedbackLab(): Promise<FeedbackLab> {
  const build = await ensureBuild("patched", { targets: ["llama-moments", "llama-imatrix", "llama-quantize", "llama-perplexity"] });
  const folder = await lastingTemporaryFolder();
  const at = (name: string): string => path.join(folder, name);
  const evaluate = (model: string, text: string, chunks: number, more: string[]): Promise<ProcessResult> =>
    start(build.binary("llama-perplexity"), ["-m", model, "-f", text, ...context, "--chunks", String(chunks), "-t", "2", ...more]);
  return {
    build,
    at,
    moments: (model, text, out, { chunks = 100, threads = 2, memory = 1 << 30, signal } = {}) =>
      start(build.binary("llama-moments"), ["-m", model, "-f", text, "-o", out, ...context, "--chunks", String(chunks), "-t", String(threads), "--memory", String(memory)], { signal }),
    imatrix: (model, text, out, chunks) =>
      start(build.binary("llama-imatrix"), ["-m", model, "-f", text, "-o", out, ...context, "--chunks", String(chunks), "-t", "2", "--no-ppl", "--process-output"]),
    async quantize(model, out, type, conf, { imatrix, threads = 2 } = {}) {
      await writeFile(`${out}.conf`, conf);
      const weighed = imatrix === undefined ? [] : ["--imatrix", imatrix];
      return start(build.binary("llama-quantize"), ["--pure", ...weighed, model, out, type, String(threads)], { conf: `${out}.conf` });
    },
    reference: (model, text, out, chunks) => evaluate(model, text, chunks, ["--kl-divergence-base", out]),
    async divergence(model, text, reference, chunks) {
      const { rows } = parseComparison(await evaluate(model, text, chunks, ["--kl-divergence-base", reference, "--kl-divergence"]), chunks);
      return rows.at(-1)!.mean.value;
    },
  };
}

/** Second moments of a file by the names of its tensors: the diagonal, and how many tokens were seen. */
export async function readMoments(file: string): Promise<Map<string, { diagonal: number[]; count: number }>> {
  const gguf = await readGguf(file);
  const [names, counts] = ["moments.names", "moments.counts"].map((key) => gguf.metadata.get(key) as (string | number)[]);
  return new Map(await Promise.all(gguf.tensors.map(async (tensor): Promise<[string, { diagonal: number[]; count: number }]> => {
    const bytes = await readTensor(gguf, tensor);
    const half = new Float32Array(bytes.buffer, bytes.byteOffset, tensor.elements);
    const columns = (Math.sqrt(8 * tensor.elements + 1) - 1) / 2;
    const diagonal = Array.from({ length: columns }, (_, row) => half[row * columns - (row * (row - 1)) / 2]!);
    return [tensor.name, { diagonal, count: Number(counts![names!.indexOf(tensor.name)]) }];
  })));
}
