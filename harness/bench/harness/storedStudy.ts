import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Build } from "../../build/build.ts";
import { planCell } from "../../jobs/chain.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import type { PlannedStep } from "../../jobs/job.ts";
import { demoModel } from "../../paths.ts";
import { keyInputs } from "../../steps/key.ts";
import type { Target } from "../../steps/step.ts";
import { thisTarget } from "../../steps/target.ts";
import { readRecord, resultsStore, stepFolder, writeRecord } from "../../store/store.ts";
import { loadStudy } from "../../study/find.ts";
import { ensureDemoText } from "../../sweep/knownTexts.ts";
import { checkModel } from "../../sweep/inputs.ts";
import { checkText } from "../../sweep/textInput.ts";

/** The thesis's balanced table, a little to one side in three places, which may each move by nine more. */
const values = [-127, -100, -80, -60, -45, -30, -20, -10, 0, 10, 20, 30, 45, 60, 80, 100];
const widths = [42, 22, 15, 12, 10, 9, 9, 9, 9, 9, 9, 10, 12, 15, 22, 42];

/** Most cells that a {@link storedStudy} has. */
export const mostCells = 1000;

/**
 * A study of the demo model whose cells differ in three entries of a table: the same every time.
 *
 * @param cells at most {@link mostCells}
 * @returns JSON
 */
export function storedStudy(cells: number): string {
  if (cells > mostCells) throw new RangeError(`there are no more than ${mostCells} such cells`);
  const digits = (index: number): number[] => [0, index % 10, Math.floor(index / 10) % 10, Math.floor(index / 100)];
  return JSON.stringify({
    name: "stored",
    chunks: 2,
    cells: Array.from({ length: cells }, (_, index) => ({
      name: `cell-${index}`,
      type: "Q8_0",
      table: { widths, values: values.map((value, place) => value + (digits(index)[place] ?? 0)) },
    })),
  });
}

/**
 * Write the records of all cells of a {@link storedStudy} as if each had been computed, from those of its first cell,
 * which must have been.
 *
 * @param study path of the study
 * @param results its results folder
 */
export async function storeCells(study: string, results: string, { build, threads, signal }: { build: Build; threads: number; signal: AbortSignal }): Promise<void> {
  const { cells, ...rest } = loadStudy(study);
  const on = await thisTarget(build, threads, signal);
  const model = await checkModel(demoModel, signal);
  const given = { model, text: await checkText(await ensureDemoText(), rest.context, signal) };
  const { context, batch, ubatch, chunks = null } = rest;
  const planned = cells.map((cell) => planCell({ cell, study: { cells, ...rest }, settings: { context, batch, ubatch, chunks }, gguf: model.gguf, files: {} }, given, on));
  const [first = [], ...others] = planned;
  for (const steps of others) {
    signal.throwIfAborted();
    for (const [index, step] of steps.entries()) await copyRecord(first[index]!, step, results, on);
  }
}

async function copyRecord(from: PlannedStep, to: PlannedStep, results: string, on: Target): Promise<void> {
  const store = resultsStore(results);
  const record = await readRecord(store, from.step, from.key);
  if (!record) throw new RangeError(`${results} has no record of ${from.step}`);
  const hashes = Object.fromEntries(Object.entries(to.inputs).map(([role, input]) => [role, "file" in input ? input.sha256 : input.step]));
  const copies: Record<string, string> = {};
  for (const [role, { kept }] of Object.entries(record.files)) {
    if (!kept) continue;
    copies[role] = path.join(results, `copy-${role}`);
    await copyFile(path.join(stepFolder(store, from.step, from.key), role), copies[role]);
  }
  await writeRecord(store, { ...record, key: to.key, inputs: keyInputs(stepNamed(to.step), to.config, hashes, on) }, copies);
}

/** Writes a study's file into a folder. @returns its path */
export async function writeStudy(folder: string, name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${name}.yaml`);
  await writeFile(file, text);
  return file;
}
