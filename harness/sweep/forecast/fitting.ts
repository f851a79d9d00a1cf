import { canonicalJson } from "../../hash.ts";
import type { Job } from "../../jobs/job.ts";
import type { Target } from "../../steps/step.ts";
import type { Cell } from "../../study/types.ts";
import { fitImatrixOf, importanceStep } from "../fits.ts";
import type { CellJob } from "../runCells.ts";
import type { Inputs } from "../readInputs.ts";

/** Cells whose tables a sweep fits before its first cell: of those that ask for the same table the first. */
export function cellsToFit(chosen: readonly CellJob[], unfitted: ReadonlySet<string>): CellJob[] {
  const asked = new Map<string, CellJob>();
  for (const one of chosen) {
    const { fit, calibration, name } = one.cell;
    const table = canonicalJson([fit ?? null, isWeighted(one.cell) ? (calibration ?? null) : null]);
    if (fit && unfitted.has(name) && !asked.has(table)) asked.set(table, one);
  }
  return [...asked.values()];
}

/** The jobs of the importance matrices that these tables are fitted with; none where one was given. */
export function importanceJobs(toFit: readonly CellJob[], inputs: Inputs, on: Target): Job[] {
  if (inputs.imatrix) return [];
  return toFit.flatMap(({ cell, job }) => {
    const weighted = isWeighted(cell) ? fitImatrixOf(cell, inputs, on) : null;
    return weighted ? [{ ...job, steps: [importanceStep(inputs.model, weighted)] }] : [];
  });
}

function isWeighted({ fit }: Cell): boolean {
  return fit?.weights === "imatrix";
}
