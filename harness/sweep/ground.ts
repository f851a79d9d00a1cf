import { type Build, ensureBuild } from "../build/build.ts";
import type { Target } from "../steps/step.ts";
import { keepRate } from "../store/rates.ts";
import type { Report } from "./events.ts";
import { fitCells } from "./fits.ts";
import { refuseWithoutAnyMemory, refuseWithoutDeviceMemory } from "./forecast/deviceMemory.ts";
import { keptTables } from "./keptTables.ts";
import { refuseFewTokens, refuseUnloadable } from "./loadable.ts";
import { buildOptions, buildRate, expectedBuild, fitInputsOf, type Inputs, planCells, type PlannedCells, roomOf, targetsOfCells } from "./prepare.ts";
import { refuseWithoutRoom } from "./room.ts";
import type { SweepRequest } from "./sweep.ts";
import { calibrationUse } from "./textInput.ts";

/** What cells stand on: where they run, and their steps with the tables that they need. */
export interface Ground {
  /** One for each device. */
  places: readonly [Target, ...Target[]];
  cells: PlannedCells;
}

/** The cells as far as they are known before anything is computed: those whose tables are not fitted yet count as others of their size. */
interface First extends Ground {
  unfitted: ReadonlySet<string>;
}

/**
 * Makes all of that on this machine: builds llama.cpp, asks it whether it can load the files and how many tokens the texts
 * have, fits tables.
 *
 * @throws UserError when an input is at fault, or the sweep cannot fit into disk or memory
 */
export async function layGround(inputs: Inputs, request: SweepRequest, report: Report, signal: AbortSignal): Promise<Ground> {
  const { model, text } = inputs;
  const expected = await expectedBuild(inputs, request, signal);
  const first = expected && (await plannedFirst(inputs, expected.build, request, report, signal));
  const build = expected?.isThere ? expected.build : await patchedBuild(inputs, report, signal);
  const { places: [on, ...others], unfitted, cells } = first ?? (await plannedFirst(inputs, build, request, report, signal));
  const asking = { build, report, signal };
  for (const file of [model, ...inputs.ready.values()]) await refuseUnloadable(file, asking);
  await refuseFewTokens(model, text, "--text", inputs.settings, asking);
  for (const one of inputs.calibrations.values()) await refuseFewTokens(model, one, calibrationUse.option, inputs.settings, asking);
  const built = (place: Target): Target => ({ ...place, build });
  const target = built(on);
  const fit = async (): Promise<PlannedCells> => planCells(inputs, await fitCells(inputs.study.cells, inputs.wanted, fitInputsOf(inputs, target, report, signal), report, signal), target, request.argv);
  return { places: [target, ...others.map(built)], cells: expected?.isThere && unfitted.size === 0 ? cells : await fit() };
}

/** Plans a sweep. @throws UserError when it cannot fit into disk or memory */
async function plannedFirst(inputs: Inputs, build: Build, request: SweepRequest, report: Report, signal: AbortSignal): Promise<First> {
  const places = await targetsOfCells(inputs, build, request, signal);
  const first = { places, ...(await planKept(inputs, places[0], request, report, signal)) };
  const jobs = first.cells.chosen.map(({ job }) => job);
  await refuseWithoutRoom(jobs, roomOf(inputs, request));
  // Jobs of a cluster have memory of their own, and a device to themselves.
  if (request.slurm) for (const { device } of places) await (device && refuseWithoutDeviceMemory(jobs, inputs.model.gguf, device, 1));
  else await refuseWithoutAnyMemory(jobs, inputs.model.gguf, { targets: places, jobs: request.jobs ?? 1 });
  return first;
}

/** Plans cells with the tables that were fitted before; nothing is fitted. */
export async function planKept(inputs: Inputs, on: Target, { argv }: Pick<SweepRequest, "argv">, report: Report, signal: AbortSignal): Promise<Pick<First, "unfitted" | "cells">> {
  const { cells, unfitted } = await keptTables(inputs.study.cells, inputs.wanted, fitInputsOf(inputs, on, report, signal));
  return { unfitted, cells: planCells(inputs, cells, on, argv) };
}

async function patchedBuild(inputs: Inputs, report: Report, signal: AbortSignal): Promise<Build> {
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
