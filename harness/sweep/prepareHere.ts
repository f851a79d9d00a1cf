import { type Build, ensureBuild } from "../build/build.ts";
import type { Target } from "../steps/step.ts";
import { findTargets } from "../steps/targets.ts";
import { keepRate } from "../store/rates.ts";
import { filesRead } from "./filesRead.ts";
import { fitCells } from "./fits.ts";
import { refuseWithoutAnyMemory, refuseWithoutDeviceMemory } from "./forecast/deviceMemory.ts";
import { keptTables } from "./keptTables.ts";
import { refuseFewTokens, refuseUnloadable } from "./loadable.ts";
import { fitInputsOf, planCells, type PlannedCells } from "./planCells.ts";
import type { SweepContext } from "./readInputs.ts";
import { refuseWithoutRoom, roomOf } from "./room.ts";
import { buildOptions, buildRate, expectedBuild } from "./sweepBuild.ts";
import { calibrationUse } from "./textInput.ts";

/** What is there before the first cell runs: what cells run on, and their steps with the tables that they need. */
export interface Prepared {
  /** One for each device. */
  targets: readonly [Target, ...Target[]];
  cells: PlannedCells;
}

/** The cells as far as they are known before anything is computed: those whose tables are not fitted yet count as others of their size. */
interface First extends Prepared {
  unfitted: ReadonlySet<string>;
}

/**
 * Makes all of that on this machine: builds llama.cpp, asks it whether it can load the files and how many tokens the texts
 * have, fits tables.
 *
 * @throws UserError when an input is at fault, or the sweep cannot fit into disk or memory
 */
export async function prepareHere(context: SweepContext): Promise<Prepared> {
  const { inputs, request, report, signal } = context;
  const { model, text } = inputs;
  const expected = await expectedBuild(inputs, request, signal);
  const first = expected && (await plannedFirst(context, expected.build));
  const build = expected?.isThere ? expected.build : await patchedBuild(context);
  const { targets: [on, ...others], unfitted, cells } = first ?? (await plannedFirst(context, build));
  const asking = { build, report, signal };
  for (const file of [model, ...inputs.ready.values()]) await refuseUnloadable(file, asking);
  await refuseFewTokens(model, text, "--text", inputs.settings, asking);
  for (const one of inputs.calibrations.values()) await refuseFewTokens(model, one, calibrationUse.option, inputs.settings, asking);
  const built = (planned: Target): Target => ({ ...planned, build });
  const target = built(on);
  const fit = async (): Promise<PlannedCells> => planCells(inputs, await fitCells(inputs.study.cells, inputs.wanted, fitInputsOf(inputs, target, report, signal), report, signal), target, request.argv);
  return { targets: [target, ...others.map(built)], cells: expected?.isThere && unfitted.size === 0 ? cells : await fit() };
}

/** Plans a sweep. @throws UserError when it cannot fit into disk or memory */
async function plannedFirst(context: SweepContext, build: Build): Promise<First> {
  const { inputs, request, signal } = context;
  const { threads, devices } = inputs;
  const targets = await findTargets(build, { threads, devices, stallMinutes: request.stallLimit }, signal);
  const first = { targets, ...(await planKept(context, targets[0])) };
  const jobs = first.cells.chosen.map(({ job }) => job);
  await refuseWithoutRoom(jobs, roomOf(inputs, request));
  // Jobs of a cluster have memory of their own, and a device to themselves.
  if (request.slurm) for (const { device } of targets) await (device && refuseWithoutDeviceMemory(jobs, filesRead(inputs), device, 1));
  else await refuseWithoutAnyMemory(jobs, filesRead(inputs), { targets, jobs: request.jobs ?? 1 });
  return first;
}

/** Plans cells with the tables that were fitted before; nothing is fitted. */
export async function planKept({ inputs, request: { argv }, report, signal }: SweepContext, on: Target): Promise<Pick<First, "unfitted" | "cells">> {
  const { cells, unfitted } = await keptTables(inputs.study.cells, inputs.wanted, fitInputsOf(inputs, on, report, signal));
  return { unfitted, cells: planCells(inputs, cells, on, argv) };
}

async function patchedBuild({ inputs, report, signal }: SweepContext): Promise<Build> {
  const start = performance.now();
  let isMadeHere = false;
  const build = await ensureBuild("patched", {
    ...buildOptions(inputs),
    report(text, fraction) {
      isMadeHere ||= fraction !== undefined;
      report({ kind: "build", text, fraction });
    },
    signal,
  });
  if (isMadeHere) await keepRate(buildRate(inputs), (performance.now() - start) / 1000);
  return build;
}
