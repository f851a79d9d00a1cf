import { copyFile, link, mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import PQueue from "p-queue";
import { onFront } from "../analysis/front.ts";
import type { Job } from "../jobs/job.ts";
import { isStored } from "../jobs/isStored.ts";
import type { Runner } from "../jobs/runner.ts";
import type { Evaluation } from "../steps/evaluate.ts";
import { contentHash } from "../store/contentHash.ts";
import { readRecord, resultsStore } from "../store/store.ts";
import { replaceFile } from "../writeAtomic.ts";

/** Which quantized models stay with the results: none, all, or of what was measured those that no other beats in both size and quality. */
export const keptModels = ["none", "all", "best"] as const;

/** One of {@link keptModels}. */
export type KeptModels = (typeof keptModels)[number];

/** Keeps models as cells end. */
export interface ModelKeeper {
  /** Cells whose model is wanted and not there although they were measured. */
  missing(): Promise<Job[]>;
  /** Of a cell that has ended: keeps its model, as far as it is wanted. */
  finish: ((job: Job, runner: Runner) => Promise<void>) | undefined;
}

/** @param jobs all that count in the choice of the best */
export function modelKeeper(mode: KeptModels, jobs: readonly Job[]): ModelKeeper {
  if (mode === "none") return { missing: async () => [], finish: undefined };
  const wanted = async (): Promise<readonly Job[]> => (mode === "all" ? jobs : bestOf(jobs));
  // Of cells that end at once, one would remove what the other has just found to be among the best.
  const oneByOne = new PQueue({ concurrency: 1 });
  return {
    async missing() {
      const found: Job[] = [];
      for (const job of await wanted()) if ((await isStored(job)) && !(await hasModel(job))) found.push(job);
      return found;
    },
    finish: (job, runner) => oneByOne.add(async () => {
      const best = await wanted();
      if (best.includes(job)) await keepModel(job, runner);
      for (const other of jobs) if (!best.includes(other)) await rm(modelFile(other), { force: true });
    }),
  };
}

/** Path of a cell's model in a results folder. */
function modelFile({ results, name }: Pick<Job, "results" | "name">): string {
  return path.join(results, "models", `${name}.gguf`);
}

/** Puts a cell's quantized model with the results, made again where it is gone; of a cell that quantizes nothing there is none. */
async function keepModel(job: Job, runner: Runner): Promise<void> {
  const key = quantizeKey(job);
  if (key === undefined) return;
  const target = modelFile(job);
  const file = await runner.file(key, "quantized");
  await mkdir(path.dirname(target), { recursive: true });
  await replaceFile(target, async (partial) => link(file, partial).catch(() => copyFile(file, partial)));
}

/** Whether a cell's model is there, as its record says. */
async function hasModel(job: Job): Promise<boolean> {
  const key = quantizeKey(job);
  if (key === undefined) return true;
  const expected = (await readRecord(resultsStore(job.results), "quantize", key))?.files["quantized"];
  const bytes = await stat(modelFile(job)).then(({ size }) => size, () => null);
  return expected !== undefined && bytes === expected.bytes && (await contentHash(modelFile(job))) === expected.sha256;
}

/**
 * The jobs whose models are on the front of size and quality: KL divergence from the model where that was measured, else
 * perplexity.
 */
async function bestOf(jobs: readonly Job[]): Promise<Job[]> {
  const trades = (await Promise.all(jobs.map(tradeOf))).flatMap((trade) => trade ?? []);
  const front = new Set(onFront(trades));
  return jobs.filter(({ name }) => front.has(name));
}

async function tradeOf({ name, results, steps }: Job): Promise<{ name: string; bits: number; value: number } | null> {
  const recordOf = async (step: string): Promise<Awaited<ReturnType<typeof readRecord>>> => {
    const key = steps.find((one) => one.step === step)?.key;
    return key === undefined ? null : readRecord(resultsStore(results), step, key);
  };
  const bytes = (await recordOf("quantize"))?.files["quantized"]?.bytes;
  const found = (await recordOf("evaluate"))?.result as Evaluation | undefined;
  return bytes === undefined || !found ? null : { name, bits: bytes, value: found.divergence?.mean ?? found.perplexity.ppl };
}

function quantizeKey({ steps }: Pick<Job, "steps">): string | undefined {
  return steps.find(({ step }) => step === "quantize")?.key;
}
