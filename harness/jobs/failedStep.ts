import { type Failure, readFailure, stepFolder } from "../store/store.ts";
import type { PlannedStep } from "./job.ts";
import { storesOf } from "./ownSteps.ts";

/** A step that failed when it was run last. */
export interface FailedStep {
  step: string;
  failure: Failure;
  /** Where its logs lie. */
  folder: string;
}

/** The first of some steps that failed when it was run last, which none does that has a record; null when none did. */
export async function failedStep(steps: readonly Pick<PlannedStep, "step" | "key">[], results: string): Promise<FailedStep | null> {
  for (const { step, key } of steps) {
    for (const store of storesOf({ step }, results)) {
      const failure = await readFailure(store, step, key);
      if (failure) return { step, failure, folder: stepFolder(store, step, key) };
    }
  }
  return null;
}
