import { basicTable } from "../analysis/tables.ts";
import { type FitInputs, keptFit } from "../fit/cached.ts";
import { customTable } from "../study/tables.ts";
import type { Cell } from "../study/types.ts";

/** Cells with tables, as far as these were fitted before. */
export interface KeptTables {
  cells: Cell[];
  /** Names of those whose table is still to be fitted: they have another of the same size, and so another key. */
  unfitted: Set<string>;
}

/**
 * Gives cells the tables that were fitted before; nothing is fitted.
 *
 * @param wanted names of the cells that will run; of the others, those whose table was never fitted are left out
 */
export async function keptTables(cells: readonly Cell[], wanted: ReadonlySet<string>, inputsOf: (cell: Cell) => FitInputs): Promise<KeptTables> {
  const found: KeptTables = { cells: [], unfitted: new Set() };
  for (const cell of cells) {
    const fitted = cell.fit ? await keptFit(cell.fit, inputsOf(cell)) : null;
    if (cell.fit && !fitted) {
      if (!wanted.has(cell.name)) continue;
      found.unfitted.add(cell.name);
    }
    found.cells.push(cell.fit ? { ...cell, table: customTable(`fitted-${cell.fit.per}`, fitted ?? basicTable) } : cell);
  }
  return found;
}
