import { withScratch } from "../scratch.ts";
import { availableParallelism } from "node:os";
import { cachedFit, type FitInputs, keptFit } from "../fit/cached.ts";
import { readImportance } from "../fit/imatrix.ts";
import { planStep } from "../jobs/chain.ts";
import type { PlannedStep } from "../jobs/job.ts";
import { makeRunner } from "../jobs/runner.ts";
import { scratchParent } from "../paths.ts";
import { imatrix, imatrixConfig } from "../steps/imatrix.ts";
import type { Settings } from "../steps/settings.ts";
import type { Target } from "../steps/step.ts";
import { customTable } from "../study/tables.ts";
import { keepRate, type RateOf } from "../store/rates.ts";
import type { Cell, FitRequest } from "../study/types.ts";
import type { Gguf } from "../gguf/read.ts";
import { weightsOf } from "../gguf/weights.ts";
import type { Report } from "./events.ts";
import type { Content, Model } from "./inputs.ts";

/** An importance matrix as tables are fitted with it. */
export interface FitImatrix {
  /** The training text; never the one that is measured on. */
  text: Content;
  /** At most so many chunks of it; null for all. */
  chunks: number | null;
  settings: Omit<Settings, "chunks">;
  on: Target;
}

/**
 * Fit the tables that cells ask for: a fitted table is part of its cell's key, so that all are there before
 * the first cell runs.
 *
 * @param wanted names of the cells that will run; of the others, those whose table was never fitted are left out
 * @param inputsOf what a cell's table is fitted to
 * @returns the cells, those with a `fit` now with its table
 */
export async function fitCells(cells: readonly Cell[], wanted: ReadonlySet<string>, inputsOf: (cell: Cell) => FitInputs, report: Report, signal: AbortSignal): Promise<Cell[]> {
  const result: Cell[] = [];
  for (const cell of cells) {
    if (!cell.fit) {
      result.push(cell);
      continue;
    }
    const say = (pattern: string, fraction: number): void => report({ kind: "prepare", text: `fitting the table of ${cell.name}: ${pattern}`, fraction });
    const inputs = inputsOf(cell);
    let fitted = await keptFit(cell.fit, inputs);
    if (!fitted && wanted.has(cell.name)) {
      let start = performance.now();
      fitted = await cachedFit(cell.fit, behindImportance(inputs, () => (start = performance.now())), say, signal);
      await keepRate(fitRate(cell.fit, inputs.model.gguf), (performance.now() - start) / 1000);
    }
    if (fitted) result.push({ ...cell, table: customTable(`fitted-${cell.fit.per}`, fitted) });
  }
  return result;
}

/** The same, with word of when the importance matrix is there: computing it is a step of its own. */
function behindImportance({ imatrix, ...inputs }: FitInputs, onThere: () => void): FitInputs {
  if (!imatrix) return inputs;
  return {
    ...inputs,
    imatrix: {
      ...imatrix,
      async importance() {
        const importance = await imatrix.importance();
        onThere();
        return importance;
      },
    },
  };
}

/** What the time of a fit is remembered by: weights are its work. What earlier versions remembered of fits by an importance matrix includes computing that. */
export function fitRate({ method, per, weights }: FitRequest, { tensors }: Gguf): RateOf {
  return { of: "fit", kind: `${method} ${per} ${weights === "imatrix" ? "importance" : weights}`, work: weightsOf(tensors), threads: availableParallelism() };
}

/** What tables are fitted to. The importance matrix is computed when a table asks for it first. */
export function fitInputs(model: Model, weighted: FitImatrix | null, report: Report, signal: AbortSignal): FitInputs {
  if (!weighted) return { model };
  const { text, chunks, on } = weighted;
  const planned = importanceStep(model, weighted);
  let importance: ReturnType<typeof readImportance> | undefined;
  return {
    model,
    imatrix: {
      source: { text: text.name, sha256: text.sha256, chunks },
      key: planned.key,
      importance: () => (importance ??= computeImportance(planned, on, report, signal)),
    },
  };
}

/** The importance matrix that a cell's table would be fitted with; null without a calibration text. */
export function fitImatrixOf({ calibration }: Cell, { calibrations, settings }: { calibrations: ReadonlyMap<string, Content>; settings: Settings }, on: Target): FitImatrix | null {
  return calibration ? { text: calibrations.get(calibration.text)!, chunks: calibration.chunks ?? null, settings, on } : null;
}

/** The step that computes the importance matrix of a fit. */
export function importanceStep(model: Model, { text, chunks, settings, on }: FitImatrix): PlannedStep {
  return planStep(imatrix, imatrixConfig(settings, chunks), { given: { model, training: text }, earlier: [] }, on);
}

async function computeImportance(planned: PlannedStep, on: Target, report: Report, signal: AbortSignal): ReturnType<typeof readImportance> {
  const watch = {
    signal,
    note: (line: string) => report({ kind: "note", text: line }),
    report: (_step: string, line: string, fraction?: number) => report({ kind: "prepare", text: `importance matrix: ${line}`, fraction }),
  };
  return withScratch(scratchParent(), "fit", async (folder) => {
    const runner = makeRunner({ results: folder, steps: [planned] }, on, folder, watch);
    return readImportance(await runner.file(planned.key, "imatrix"));
  });
}
