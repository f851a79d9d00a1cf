import { readdir } from "node:fs/promises";
import path from "node:path";
import { inBatches } from "../../batches.ts";
import type { Job } from "../../jobs/job.ts";
import { storesOf } from "../../jobs/ownSteps.ts";
import { growingOf, isDivided, partRange } from "../../jobs/runPart.ts";
import { readHolder } from "../../process/claim.ts";
import { partFile } from "../../steps/partFrames.ts";

/** Signs of life of those who are at a job's steps: another text each time that one of them gives one. */
export type Pulses = (job: Job) => string;

/** Looks at all claims of the stores that jobs use, once. */
export async function lookAtClaims(jobs: readonly Job[]): Promise<Pulses> {
  const stores = new Set(jobs.slice(0, 1).flatMap(({ results, steps }) => steps.flatMap((step) => storesOf(step, results))));
  const pulses = new Map<string, string>();
  for (const store of stores) {
    const folder = path.join(store, "claims");
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{64}(?:-from-\d+)?$/.test(name));
    for (const [name, pulse] of await inBatches(names, async (name) => [name, await pulseOf(path.join(folder, name))] as const)) pulses.set(name, pulse);
  }
  const ranges = new Map(await inBatches(jobs, async (job) => [job, isDivided(job) ? await partRange(job) : null] as const));
  return (job) => {
    const range = ranges.get(job);
    const ofPart = range ? pulses.get(path.basename(partFile(growingOf(job), range.first).file)) : undefined;
    return [...job.steps.map(({ key, growing }) => pulses.get(growing ?? key)), ofPart].map((pulse) => pulse ?? "").join("");
  };
}

async function pulseOf(folder: string): Promise<string> {
  return (await readHolder(folder))?.pulse ?? "";
}
