import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { ensureBuild, studyPrograms } from "../../build/build.ts";
import { UserError } from "../../errors.ts";
import { selectByName } from "../../select.ts";
import { withScratch } from "../../scratch.ts";
import { projectRoot } from "../../paths.ts";
import { scratchFolder, thisProject } from "../../upstream/project.ts";
import type { BenchReport } from "../types.ts";
import { answersOptions, type Case, cases, type Setting } from "./cases.ts";
import { stepTimes, type StepTime } from "./stepTimes.ts";
import { type TimedSweep, timedSweep } from "./timedSweep.ts";

/** What to measure. */
export interface HarnessRequest {
  /** Sweeps to measure, by name: commas between, `*` for any text; all by default. */
  only?: string | undefined;
  /** Another checkout with its `node_modules`, whose `answers` runs by turns with this one's. */
  against?: string | undefined;
  repeats: number;
  threads: number;
}

/** A case's runs. */
export interface Measured {
  wanted: Case;
  runs: TimedSweep[];
  /** Runs of the other checkout, each beside the run of the same index; empty without one. */
  others: TimedSweep[];
  /** Where the first run's time went; empty of a sweep that computed nothing. */
  steps: StepTime[];
}

/**
 * Measure what the harness takes of a sweep's time. Everything runs as it does for a person, in a process of its own.
 *
 * @param keep takes each case as soon as it is measured
 * @throws UserError when `only` matches no case, `against` is no checkout, or on systems other than Linux; ProcessError when a sweep fails
 */
export async function measureHarness({ only, against, repeats, threads }: HarnessRequest, report: BenchReport, keep: (measured: Measured) => void, signal: AbortSignal): Promise<void> {
  const chosen = selectByName(cases, only, "sweep; there are");
  if (against !== undefined) await refuseOther(against);
  const build = await ensureBuild("patched", { targets: studyPrograms, report: (text) => report(`build: ${text}`), signal });
  const withThreads = (options: readonly string[]): string[] => [...options, "--threads", String(threads)];
  for (const wanted of chosen) {
    await withScratch(scratchFolder(thisProject()), "harness", async (folder) => {
      const setting: Setting = { folder, build, threads, report, signal, sweep: async (options) => void (await timedSweep(projectRoot, withThreads(options), signal)) };
      const optionsOf = await wanted.prepare(setting);
      const other = wanted.name === "answers" ? against : undefined;
      const measured: Measured = { wanted, runs: [], others: [], steps: [] };
      const one = async (checkout: string, options: string[]): Promise<TimedSweep> => timedSweep(checkout, withThreads(options), signal);
      const old = async (index: number): Promise<void> => {
        const out = path.join(folder, `other-${index}`);
        if (other !== undefined) measured.others.push(await one(other, [...answersOptions, "--out", out]));
        await rm(out, { recursive: true, force: true });
      };
      if (other !== undefined) {
        report(`${wanted.name}: warming up the caches of ${other}`);
        await one(other, [...answersOptions, "--only", "f16,fitted-*", "--out", path.join(folder, "other-warm")]);
      }
      for (let index = 0; index < repeats; index++) {
        report(`${wanted.name}: ${index + 1} of ${repeats}`);
        // Every second time the other way round: a machine that gets slower does so to both.
        if (index % 2 === 1) await old(index);
        const options = optionsOf(index);
        measured.runs.push(await one(projectRoot, options));
        if (index === 0) measured.steps = await stepTimes(options[options.indexOf("--out") + 1]!, measured.runs[0]!.runs);
        if (index % 2 === 0) await old(index);
      }
      keep(measured);
    });
  }
}

async function refuseOther(checkout: string): Promise<void> {
  for (const needed of [path.join("scripts", "sweep.ts"), path.join("node_modules", "tsx")]) {
    const isThere = await stat(path.join(checkout, needed)).then(() => true, () => false);
    if (!isThere) throw new UserError(`${checkout} has no ${needed}: --against is a checkout of this project in which npm ci was run`);
  }
}
