import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { inBatches } from "../../batches.ts";
import { jobSchema } from "../../jobs/job.ts";
import { readPlan } from "../../store/plan.ts";
import type { StepRecord } from "../../store/record.ts";
import { readRecord, resultsStore } from "../../store/store.ts";

/** The newest record that a results folder has of a step, made for a cell of that name; null when there is none. */
export type Earlier = (cell: string, step: string) => Promise<StepRecord | null>;

/** What earlier sweeps into a folder made for cells, by the plan and the jobs that they left there; these are read when they are asked for first. */
export function earlierRecords(results: string): Earlier {
  const store = resultsStore(results);
  let known: Promise<Map<string, Set<string>>> | undefined;
  return async (cell, step) => {
    const keys = (await (known ??= keysByCell(results))).get(`${cell} ${step}`) ?? [];
    const found = (await inBatches([...keys], (key) => readRecord(store, step, key))).flatMap((record) => record ?? []);
    return found.sort((left, right) => left.date.localeCompare(right.date)).at(-1) ?? null;
  };
}

/** Keys by `cell step`. */
async function keysByCell(results: string): Promise<Map<string, Set<string>>> {
  const known = new Map<string, Set<string>>();
  const add = (cell: string, steps: readonly { step: string; key: string }[]): void => {
    for (const { step, key } of steps) {
      const name = `${cell} ${step}`;
      known.set(name, (known.get(name) ?? new Set()).add(key));
    }
  };
  const plan = await readPlan(results).catch(() => null);
  for (const { cell, steps } of plan?.cells ?? []) add(cell.name, steps);
  const folder = path.join(resultsStore(results), "jobs");
  const names = await readdir(folder).catch(() => []);
  for (const job of await inBatches(names, (name) => readJobOrNull(path.join(folder, name)))) if (job) add(job.name, job.steps);
  return known;
}

async function readJobOrNull(file: string): Promise<{ name: string; steps: { step: string; key: string }[] } | null> {
  try {
    return jobSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null;
  }
}
