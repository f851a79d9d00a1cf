import { readPlan } from "../../store/plan.ts";
import { readRecord, resultsStore } from "../../store/store.ts";
import { covered } from "./intervals.ts";
import type { ProgramRun } from "./watchPrograms.ts";

/** Time of all records of one step, in seconds. */
export interface StepTime {
  step: string;
  records: number;
  /** Sum of what each took; steps that go on side by side count each in full. */
  seconds: number;
  /** While its program ran. */
  program: number;
  /** The rest. */
  own: number;
}

/**
 * The time of each step of a sweep that computed every cell.
 *
 * @param runs what it ran
 */
export async function stepTimes(results: string, runs: readonly ProgramRun[]): Promise<StepTime[]> {
  const plan = await readPlan(results);
  const times = new Map<string, StepTime>();
  const keys = new Map((plan?.cells ?? []).flatMap(({ cell: _cell, steps }) => steps).map(({ step, key }) => [key, step]));
  for (const [key, step] of keys) {
    const record = await readRecord(resultsStore(results), step, key);
    if (!record) continue;
    const [program] = record.inputs.argv;
    const time = times.get(step) ?? { step, records: 0, seconds: 0, program: covered(runs.filter((run) => run.program === program)), own: 0 };
    time.records++;
    time.seconds += record.seconds;
    time.own = Math.max(0, time.seconds - time.program);
    times.set(step, time);
  }
  return [...times.values()];
}
