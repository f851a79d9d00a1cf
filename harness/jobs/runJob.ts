import { availableParallelism } from "node:os";
import { scratchParent } from "../paths.ts";
import { withScratch } from "../scratch.ts";
import type { Target } from "../steps/step.ts";
import { refuseLinks } from "../store/links.ts";
import { resultsStore } from "../store/store.ts";
import type { Job } from "./job.ts";
import { ownSteps } from "./ownSteps.ts";
import { isPart, runPart, stepsAlone } from "./runPart.ts";
import { makeRunner, type Runner, type Watch } from "./runner.ts";
import { stepNamed } from "./stepNamed.ts";

/** With fewer processors, what goes on beside a program that uses all of them makes it slower by as much as it takes itself, and waits for it. */
export const enoughForBoth = 4;

/**
 * Run the steps of a job that have no record. Of one part of a job, its share of the evaluation, and the rest only if all
 * other parts are done.
 *
 * @param on what its keys were planned for
 * @param finish what is done when every step has its record, while the job's files are there
 * @throws AbortError when `signal` fires; what was finished is kept then
 * @throws UserError and others with the reason when a step fails
 */
export async function runJob(job: Job, on: Target, watch: Watch, finish?: (runner: Runner) => Promise<void>): Promise<void> {
  await refuseLinks(job.results);
  await withScratch(scratchParent(resultsStore(job.results)), "job", async (folder) => {
    const runner = makeRunner(job, on, folder, watch, isPart(job) ? await stepsAlone(job) : undefined);
    if (isPart(job) && !(await runPart(job, runner, watch))) return;
    const aside: Promise<unknown>[] = [];
    const inOrder = async (): Promise<void> => {
      for (const { step, key } of ownSteps(job)) {
        if (stepNamed(step).beside) {
          aside.push(runner.record(key));
          continue;
        }
        if (availableParallelism() < enoughForBoth) await Promise.allSettled(aside);
        await runner.record(key);
      }
    };
    const [rest] = await Promise.allSettled([inOrder()]);
    // Whatever failed, nothing may still be running in a folder that is taken away.
    for (const result of [rest, ...(await Promise.allSettled(aside))]) if (result.status === "rejected") throw result.reason;
    await finish?.(runner);
  });
}
