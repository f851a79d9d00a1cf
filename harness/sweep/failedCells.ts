import type { Job } from "../jobs/job.ts";
import { storesOf } from "../jobs/ownSteps.ts";
import { readFailure, readRecord } from "../store/store.ts";
import type { CellJob } from "./runCells.ts";

/** The cells that failed when they were run last: of a step without a record it is kept why. */
export async function failedCells(cells: readonly CellJob[]): Promise<CellJob[]> {
  const found: CellJob[] = [];
  for (const cell of cells) if (await hasFailed(cell.job)) found.push(cell);
  return found;
}

async function hasFailed({ results, steps }: Job): Promise<boolean> {
  for (const { step, key } of steps) {
    for (const store of storesOf({ step }, results)) {
      if (!(await readRecord(store, step, key)) && (await readFailure(store, step, key))) return true;
    }
  }
  return false;
}
