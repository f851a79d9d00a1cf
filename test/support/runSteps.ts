import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Build } from "../../harness/build/build.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import { executeStep, type Executed } from "../../harness/jobs/execute.ts";
import { demoModel } from "../../harness/paths.ts";
import { stepFiles } from "../../harness/steps/registry.ts";
import type { Target } from "../../harness/steps/step.ts";
import { thisTarget } from "../../harness/steps/target.ts";
import { contentHash } from "../../harness/store/contentHash.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { calibrationTexts, ensureDemoText } from "../../harness/sweep/knownTexts.ts";

/** A step that was run, and the file that it made grow. */
export interface Ran extends Executed {
  step: string;
  growing: string;
}

/** What {@link runSteps} runs. */
export interface StepsRequest {
  /** A study, as YAML. */
  study: string;
  build: Build;
  threads: number;
  /** Names of the steps to run; all by default. */
  only?: readonly string[];
  /** Where they run. */
  folder: string;
  /** Paths of files for steps of their own, by their fields. */
  taskFiles?: Readonly<Record<string, string>>;
}

/** Runs the steps of each cell of a study on the demo model and its texts, whatever any store has; a step that several cells share once. */
export async function runSteps({ study: yaml, build, threads, only, folder, taskFiles = {} }: StepsRequest): Promise<Map<string, Ran[]>> {
  const study = parseStudy(yaml, "study.yaml", () => "");
  const { context, batch, ubatch, chunks = null } = study;
  const signal = new AbortController().signal;
  const on: Target = await thisTarget(build, threads, signal);
  const gguf = await readGguf(demoModel);
  const file = async (name: string): Promise<{ path: string; sha256: string }> => ({ path: name, sha256: await contentHash(name) });
  const given = { model: await file(demoModel), text: await file(await ensureDemoText()), training: await file(await calibrationTexts["demo"]!()) };
  const files: Record<string, object> = {};
  for (const { field, check } of stepFiles) {
    const named = taskFiles[field];
    if (named === undefined) continue;
    files[field] = check(named, await readFile(named));
    Object.assign(given, { [field]: await file(named) });
  }
  const done = new Map<string, Ran>();
  const cells = new Map<string, Ran[]>();
  for (const cell of study.cells) {
    const ran: Ran[] = [];
    const steps = planCell({ cell, study, settings: { context, batch, ubatch, chunks }, gguf, files }, given, on);
    const makers = new Map(steps.map((planned) => [planned.key, planned]));
    for (const planned of steps) {
      if (only && !only.includes(planned.step)) continue;
      const at = Object.fromEntries(Object.entries(planned.inputs).map(([role, input]) => {
        if ("file" in input) return [role, input.file];
        const { kept, large } = done.get(input.step)!;
        return [role, (kept[role] ?? large[role])!];
      }));
      const own = path.join(folder, planned.key);
      const growing = path.join(own, "growing", "file");
      const place = { folder: own, makers, growing, logs: {}, signal, report: () => undefined, note: () => undefined };
      const one = done.get(planned.key) ?? { step: planned.step, growing, ...(await executeStep(planned, async (role) => at[role]!, on, place)) };
      done.set(planned.key, one);
      ran.push(one);
    }
    cells.set(cell.name, ran);
  }
  return cells;
}
