import type { StepRecord } from "../store/record.ts";
import { readRecord, resultsStore, sharedStores, type Store } from "../store/store.ts";
import type { PlannedStep } from "./job.ts";
import { stepNamed } from "./stepNamed.ts";

/**
 * The steps that a job is about: those of its cell alone; of a job for what several cells share, these. What a cell shares
 * with others is made when its files are needed.
 */
export function ownSteps<Planned extends Pick<PlannedStep, "step">>({ steps }: { steps: Planned[] }): Planned[] {
  const own = steps.filter(({ step }) => !stepNamed(step).shared);
  return own.length > 0 ? own : steps;
}

/** Where a step's record may lie, that where it is put first. */
export function storesOf({ step }: Pick<PlannedStep, "step">, results: string): [Store, ...Store[]] {
  return stepNamed(step).shared ? sharedStores(results) : [resultsStore(results)];
}

/** Whether every step that a job is about has its record. */
export async function areStored(job: { results: string; steps: Pick<PlannedStep, "step" | "key">[] }): Promise<boolean> {
  for (const step of ownSteps(job)) if (!(await recordOf(step, job.results))) return false;
  return true;
}

/** A step's record, wherever it lies; null where there is none. */
export async function recordOf({ step, key }: Pick<PlannedStep, "step" | "key">, results: string): Promise<StepRecord | null> {
  for (const store of storesOf({ step }, results)) {
    const found = await readRecord(store, step, key);
    if (found) return found;
  }
  return null;
}
