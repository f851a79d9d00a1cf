import { UserError } from "../errors.ts";
import { readPlan, type Plan } from "../store/plan.ts";
import type { CellRecord } from "../store/record.ts";
import { readFailure, readRecord } from "../store/store.ts";
import type { Cell } from "../study/types.ts";

/** A cell with what the store has of it. */
export interface CellResult {
  cell: Cell;
  key: string;
  /** Null when the cell failed. */
  record: CellRecord | null;
  /** Why it failed; null when it did not. */
  failure: string | null;
}

/** All that reports are made from. */
export interface Results {
  folder: string;
  plan: Plan;
  /** Cells that were run under the plan's parameters, in the study's order. */
  cells: CellResult[];
}

/**
 * Read a results folder's store.
 *
 * @throws UserError when the folder holds no results
 */
export async function loadResults(folder: string): Promise<Results> {
  const plan = await readPlan(folder);
  if (!plan) throw new UserError(`${folder} holds no results; run npm run sweep first, or give its folder`);
  const cells: CellResult[] = [];
  for (const { cell, key } of plan.cells) {
    const record = await readRecord(folder, key);
    const failure = record ? null : ((await readFailure(folder, key))?.reason ?? null);
    if (record || failure !== null) cells.push({ cell: cell as Cell, key, record, failure });
  }
  return { folder, plan, cells };
}

/** A cell that was measured. */
export type Measured = CellResult & { record: CellRecord };

/** Only the cells that have a record. */
export function measured(results: Results): Measured[] {
  return results.cells.filter((result): result is Measured => result.record !== null);
}
