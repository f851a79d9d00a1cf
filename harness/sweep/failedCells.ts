import { failedStep } from "../jobs/failedStep.ts";
import type { CellJob } from "./runCells.ts";

/** The cells that failed when they were run last: of a step without a record it is kept why. */
export async function failedCells(cells: readonly CellJob[]): Promise<CellJob[]> {
  const found: CellJob[] = [];
  for (const cell of cells) if (await failedStep(cell.job.steps, cell.job.results)) found.push(cell);
  return found;
}
