import { inBatches } from "../batches.ts";
import { UserError } from "../errors.ts";
import { evaluate } from "../steps/evaluate.ts";
import { stepsOfCell } from "../steps/registry.ts";
import { readPlan, type Plan } from "../store/plan.ts";
import type { StepRecord } from "../store/record.ts";
import { growingFile, readFailure, readStored, resultsStore, sharedStores } from "../store/store.ts";
import type { Cell } from "../study/types.ts";
import { cellRecord, type CellRecord } from "./cellRecord.ts";

/** A cell with what the store has of it. */
export interface CellResult {
  cell: Cell;
  /** Null when the cell failed. */
  record: CellRecord | null;
  /** Why it failed; null when it did not. */
  failure: string | null;
  /** File with what was found for each token, of this evaluation and those with more chunks; null for a step without one. */
  frames: string | null;
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
  const cells = await inBatches(plan.cells, async ({ cell, steps }): Promise<CellResult> => {
    const record = await readCell(folder, steps);
    return { cell, record, failure: record ? null : await failureOf(folder, steps), frames: framesOf(folder, steps) };
  });
  return { folder, plan, cells: cells.filter(({ record, failure }) => record || failure !== null) };
}

type Keys = Plan["cells"][number]["steps"];

function isShared(step: string): boolean {
  return stepsOfCell.find(({ name }) => name === step)?.shared === true;
}

async function readCell(folder: string, keys: Keys): Promise<CellRecord | null> {
  const steps = new Map<string, StepRecord>();
  const checksums = new Map<string, string>();
  for (const { step, key } of keys.filter(({ step }) => !isShared(step))) {
    const stored = await readStored(resultsStore(folder), step, key);
    if (!stored) return null;
    steps.set(step, stored.record);
    checksums.set(step, stored.sha256);
  }
  return cellRecord(steps, checksums);
}

function framesOf(folder: string, keys: Keys): string | null {
  const growing = keys.find(({ step }) => step === evaluate.name)?.growing ?? null;
  return growing === null ? null : growingFile(resultsStore(folder), evaluate.name, growing);
}

async function failureOf(folder: string, keys: Keys): Promise<string | null> {
  for (const { step, key } of keys) {
    for (const store of isShared(step) ? sharedStores(folder) : [resultsStore(folder)]) {
      const failure = await readFailure(store, step, key);
      if (failure) return failure.reason;
    }
  }
  return null;
}

/** A cell that was measured. */
export type Measured = CellResult & { record: CellRecord };

/** Only the cells that have a record. */
export function measured(results: Results): Measured[] {
  return results.cells.filter((result): result is Measured => result.record !== null);
}
