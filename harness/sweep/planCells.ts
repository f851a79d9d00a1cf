import type { FitInputs } from "../fit/cached.ts";
import { planCell } from "../jobs/chain.ts";
import type { Job } from "../jobs/job.ts";
import { oneOfEqual } from "../jobs/oneOfEqual.ts";
import type { Target } from "../steps/step.ts";
import type { Cell } from "../study/types.ts";
import type { Report } from "./events.ts";
import { fitImatrixOf, fitInputs } from "./fits.ts";
import { fitInputsWith } from "./givenImportance.ts";
import type { Model } from "./inputs.ts";
import type { Asked } from "./plan.ts";
import type { Inputs } from "./readInputs.ts";
import type { CellJob } from "./runCells.ts";

/** What the tables of cells are fitted to, which cells of the same calibration share; nothing is computed by that. */
export function fitInputsOf(inputs: Inputs, on: Target, report: Report, signal: AbortSignal): (cell: Cell) => FitInputs {
  const { model, imatrix } = inputs;
  const known = new Map<string, FitInputs>();
  return (cell) => {
    const { calibration } = cell;
    if (imatrix) return fitInputsWith(model, imatrix);
    const name = JSON.stringify([calibration?.text, calibration?.chunks]);
    const ofCell = known.get(name) ?? fitInputs(model, fitImatrixOf(cell, inputs, on), report, signal);
    known.set(name, ofCell);
    return ofCell;
  };
}

/** Cells with the steps of each, and what they have in common. */
export interface PlannedCells {
  shared: Asked;
  /** Every cell of the study. */
  all: CellJob[];
  /** Those that this sweep is about. */
  chosen: CellJob[];
}

/** @param cells with their tables */
export function planCells(inputs: Inputs, cells: readonly Cell[], on: Target, argv: readonly string[] = []): PlannedCells {
  const { studyPath, model, text, settings, calibrations, files, ready, wanted, results, devices } = inputs;
  const study = { ...inputs.study, cells: [...cells] };
  const shared: Asked = { study, studyPath, model, text, settings, calibrations, files, ready, on, devices, argv };
  const all = planJobs(shared, model, results);
  return { shared, all, chosen: all.filter(({ cell }) => wanted.has(cell.name)) };
}

function planJobs({ study, settings, text, calibrations, files, ready, on }: Asked, model: Model, results: string): CellJob[] {
  const known = Object.fromEntries(Object.entries(files).map(([field, file]) => [field, file.known]));
  const { release, key, backend } = on.build;
  const target = { release, build: key, threads: Number(on.threads), ...(backend !== "native" && { backend }), ...(on.device && { device: on.device.asked }) };
  const one = oneOfEqual();
  return study.cells.map((cell) => {
    const training = cell.calibration && calibrations.get(cell.calibration.text);
    const quantized = ready.get(cell.name);
    const given = { model, text, ...(training && { training }), ...files, ...(quantized && { quantized }) };
    const steps = planCell({ cell, study, settings, gguf: model.gguf, files: known }, given, on, one);
    const job: Job = { format: 1, name: cell.name, results, target, steps };
    return { cell, job };
  });
}
