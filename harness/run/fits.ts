import { cachedFit, type FitInputs, keptFit } from "../fit/cached.ts";
import { customTable } from "../study/tables.ts";
import type { Cell } from "../study/types.ts";
import type { Report } from "./events.ts";
import type { Imatrix } from "./imatrix.ts";
import type { Model } from "./inputs.ts";

/**
 * Fit the tables that cells ask for: a fitted table is part of its cell's key, so that all are there before
 * the first cell runs.
 *
 * @param wanted names of the cells that will run; of the others, those whose table was never fitted are left out
 * @returns the cells, those with a `fit` now with its table
 */
export async function fitCells(
  cells: readonly Cell[],
  wanted: ReadonlySet<string>,
  { model, imatrix }: { model: Model; imatrix: Imatrix | null },
  report: Report,
  signal: AbortSignal,
): Promise<Cell[]> {
  const inputs: FitInputs = { model, ...(imatrix && { imatrix: { source: imatrixSource(imatrix), importance: imatrix.importance } }) };
  const result: Cell[] = [];
  for (const cell of cells) {
    if (!cell.fit) {
      result.push(cell);
      continue;
    }
    const say = (pattern: string, fraction: number): void => report({ kind: "prepare", text: `fitting the table of ${cell.name}: ${pattern}`, fraction });
    const fitted = wanted.has(cell.name) ? await cachedFit(cell.fit, inputs, say, signal) : await keptFit(cell.fit, inputs);
    if (fitted) result.push({ ...cell, table: customTable(`fitted-${cell.fit.per}`, fitted) });
  }
  return result;
}

/** An importance matrix's provenance. */
export function imatrixSource({ text, chunks }: Imatrix): NonNullable<FitInputs["imatrix"]>["source"] {
  return { text: text.name, sha256: text.sha256, chunks };
}
