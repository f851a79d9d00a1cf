import { setTimeout as wait } from "node:timers/promises";
import { isStored } from "../../jobs/isStored.ts";
import type { Job } from "../../jobs/job.ts";
import type { Ended } from "../executor.ts";
import type { Followed } from "./follow.ts";
import { logFile, partNote } from "./submission.ts";
import type { Timing } from "./timing.ts";

/** How long and how often records are looked for. */
interface Patience {
  timing: Pick<Timing, "store" | "patience">;
  signal: AbortSignal;
}

/**
 * Ends of jobs by the ends of their tasks: one that is done in parts fails with the first part that does, and is done when its
 * records are there, which whoever was last to end has made.
 *
 * @throws AbortError when the signal fires
 */
export async function* cellEnds(ends: AsyncIterable<Ended>, tasks: readonly Followed[], patience: Patience): AsyncIterable<Ended> {
  const byPart = new Map(tasks.flatMap((task) => (task.job.part ? [[task.job, task]] : [])));
  const open = new Map<Job, Set<Job>>();
  for (const { whole, job } of byPart.values()) open.set(whole, (open.get(whole) ?? new Set()).add(job));
  for await (const ended of ends) {
    const task = byPart.get(ended.job);
    if (!task) {
      yield ended;
      continue;
    }
    const { whole } = task;
    const parts = open.get(whole);
    // It has failed by another part.
    if (!parts) continue;
    parts.delete(ended.job);
    if (ended.failure === null && parts.size > 0) continue;
    open.delete(whole);
    if (ended.failure !== null) yield { ...ended, job: whole, failure: `${partNote(ended.job).slice(2)}: ${ended.failure}` };
    else yield await endOfParts(task, patience);
  }
}

async function endOfParts({ whole, job, submission, array, index }: Followed, { timing, signal }: Patience): Promise<Ended> {
  const start = performance.now();
  while (!(await isStored(whole))) {
    if (performance.now() - start >= timing.patience) return { job: whole, failure: `all ${job.part!.of} parts of its evaluation are done, but what comes after them is not: run npm run sweep again`, log: logFile(submission, array, index) };
    await wait(timing.store, undefined, { signal });
  }
  return { job: whole, failure: null, log: null };
}
