import { UserError } from "../errors.ts";
import type { Job } from "../jobs/job.ts";
import type { Runner } from "../jobs/runner.ts";
import { runJob } from "../jobs/runJob.ts";
import { DiskFull, fileError } from "../fileError.ts";
import { reasonOf } from "../process/reason.ts";
import { TextTooShort } from "../steps/shortText.ts";
import type { Target } from "../steps/step.ts";
import type { Ended, Executor, JobReport } from "./executor.ts";

type Finish = (job: Job, runner: Runner) => Promise<void>;

/**
 * Runs jobs on this machine.
 *
 * @param places what they were planned for, once for each job that goes on beside others: devices of one kind, or the same several times
 * @param finish what is done at the end of each, as of {@link runJob}
 */
export function localExecutor(places: readonly Target[], finish?: Finish): Executor {
  return {
    async *run(jobs, report, signal) {
      const stop = new AbortController();
      const both = AbortSignal.any([signal, stop.signal]);
      const waiting = [...jobs];
      const running = new Map<Job, Promise<Ended>>();
      const free = placesAtOnce(places.slice(0, jobs.length));
      try {
        while (waiting.length > 0 || running.size > 0) {
          signal.throwIfAborted();
          while (free.length > 0 && waiting.length > 0) {
            const [job, on] = [waiting.shift()!, free.shift()!];
            running.set(job, runOne(job, { on, finish }, report, both).finally(() => void free.push(on)));
          }
          const ended = await Promise.race(running.values());
          running.delete(ended.job);
          yield ended;
        }
      } finally {
        // Programs under way must have ended before anything else is done.
        stop.abort();
        await Promise.allSettled(running.values());
      }
    },
  };
}

/** Places at all of which something goes on at the same time. */
function placesAtOnce(places: readonly Target[]): Target[] {
  if (places.length < 2) return [...places];
  return places.map((on) => ({ ...on, atOnce: { inAll: places.length, onDevice: places.filter(({ device }) => device?.asked === on.device?.asked).length } }));
}

async function runOne(job: Job, { on, finish }: { on: Target; finish: Finish | undefined }, { progress, note }: JobReport, signal: AbortSignal): Promise<Ended> {
  try {
    await runJob(job, on, { signal, note, report: (step, text, fraction) => progress(job, step, text, fraction) }, finish && ((runner) => finish(job, runner)));
    return { job, failure: null, log: null };
  } catch (thrown) {
    const error = fileError(thrown);
    // A text that is too short for one cell is too short for all, and a full disk is full for all.
    if (signal.aborted || error instanceof TextTooShort || error instanceof DiskFull || (error as Error).name === "AbortError") throw error;
    return { job, failure: reasonOf(error), log: error instanceof UserError ? (error.log ?? null) : null };
  }
}
