import { writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { type Build, ensureBuild } from "../build/build.ts";
import { llamaShapes } from "../gguf/llamaModel.ts";
import { cacheFolder } from "../paths.ts";
import { run } from "../process/run.ts";
import { withScratch } from "../scratch.ts";
import { childEnvironment } from "../steps/environment.ts";
import { ensureDemoText } from "../sweep/knownTexts.ts";
import { scratchFolder, thisProject } from "../upstream/project.ts";
import { watchMemory } from "./memory.ts";
import { ensureSourceModel, type Params } from "./sourceModel.ts";
import type { BenchReport } from "./types.ts";

/** What to measure error feedback on. */
export interface FeedbackRequest {
  params: Params;
  threads: number;
  /** Chunks of 512 tokens that second moments are collected on. */
  chunks: number;
  /** Bytes that second moments may take while they are collected. */
  memory: number;
}

/** Something that was measured, and what is wanted of it. */
export interface FeedbackRow {
  name: string;
  value: number;
  unit: string;
  /** The most, or the least, that it may be. */
  wanted: { most: number } | { least: number };
}

const speedSchema = z.object({ ggml: z.number(), innerProduct: z.number(), gather: z.number(), factor: z.number() });

/**
 * Measures what error feedback costs on a model of random weights: collecting second moments against evaluating the same text,
 * quantizing by them, and the library's products against ggml's, all in one run.
 */
export async function measureFeedback({ params, threads, chunks, memory }: FeedbackRequest, report: BenchReport, signal: AbortSignal): Promise<FeedbackRow[]> {
  const build = await ensureBuild("patched", { targets: ["llama-perplexity", "llama-moments", "llama-quantize", "pablo-test-speed"], report: (text) => report(`build: ${text}`), signal });
  const { file: model } = await ensureSourceModel(cacheFolder(), params, signal, report);
  const text = await ensureDemoText();
  return withScratch(scratchFolder(thisProject()), "feedback", async (folder) => {
    const program = runner(build, folder, signal);
    const evaluation = ["-m", model, "-f", text, "-c", "512", "-b", "2048", "-ub", "512", "-t", String(threads), "--chunks", String(chunks), "--device", "none"];
    report(`evaluating ${chunks} chunks`);
    const forward = await program("llama-perplexity", evaluation);
    report(`collecting second moments on ${chunks} chunks`);
    const moments = path.join(folder, "moments");
    const collected = await program("llama-moments", [...evaluation, "-o", moments, "--memory", String(memory)]);
    report("quantizing to IQ4_NL with error feedback");
    const conf = path.join(folder, "pablo.conf");
    await writeFile(conf, `0 0 0\nFEEDBACK ${moments}\n`);
    const quantized = await program("llama-quantize", ["--pure", model, path.join(folder, "quantized"), "IQ4_NL", String(threads)], conf);
    const { width, feedForward } = llamaShapes[params];
    const products: FeedbackRow[] = [];
    for (const columns of [width, feedForward]) {
      const { stdout } = await program("pablo-test-speed", [String(columns), "1024", "1"]);
      const { ggml, innerProduct, gather, factor } = speedSchema.parse(JSON.parse(stdout));
      // A processor does half as much in double precision.
      const speeds = [["inner product", innerProduct, 0.5], ["collecting", gather, 0.5], ["factor, in double precision", factor, 0.25]] as const;
      for (const [name, speed, least] of speeds) {
        products.push({ name: `${name} of ${columns} columns ÷ ggml's F32 product (${ggml.toFixed(0)} GFLOP/s)`, value: speed / ggml, unit: "", wanted: { least } });
      }
    }
    return [
      { name: `collecting second moments ÷ evaluating ${chunks} chunks (${forward.seconds.toFixed(0)} s)`, value: collected.seconds / forward.seconds, unit: "", wanted: { most: 2.5 } },
      { name: `memory of collecting beyond evaluating ÷ --memory ${(memory / 1e9).toFixed(2)} GB`, value: Math.max(0, collected.own - forward.own) / memory, unit: "", wanted: { most: 1.1 } },
      { name: `quantizing ${params} with error feedback`, value: quantized.seconds / 60, unit: "min", wanted: { most: 15 } },
      ...products,
    ];
  });
}

interface Ran {
  stdout: string;
  seconds: number;
  /** Most memory of its own that it had, in bytes. */
  own: number;
}

function runner(build: Build, cwd: string, signal: AbortSignal): (name: string, argumentList: string[], conf?: string) => Promise<Ran> {
  return async (name, argumentList, conf) => {
    let peak: ReturnType<typeof watchMemory> | undefined;
    const { stdout, seconds } = await run(build.binary(name), argumentList, { cwd, signal, env: childEnvironment(conf ?? null), onStart: (processId) => (peak = watchMemory(processId)) });
    return { stdout, seconds, own: peak?.().own ?? 0 };
  };
}

/** Whether what was measured is as it is wanted. */
export function holds({ value, wanted }: FeedbackRow): boolean {
  return "most" in wanted ? value <= wanted.most : value >= wanted.least;
}
