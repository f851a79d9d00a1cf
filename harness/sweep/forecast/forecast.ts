import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type BackendName, backends } from "../../build/backends.ts";
import { cacheFolder, ensureCache } from "../../paths.ts";
import { largeBytes } from "../../jobs/largeFiles.ts";
import type { Divided } from "../../jobs/parts.ts";
import { UserError } from "../../errors.ts";
import { memoryThere } from "../../memory.ts";
import { freeBytes } from "../../fileError.ts";
import type { Target } from "../../steps/step.ts";
import { thisTarget } from "../../steps/target.ts";
import { findTargets } from "../../steps/targets.ts";
import { readRates, thisMachine } from "../../store/rates.ts";
import { withScratch } from "../../scratch.ts";
import { resultsStore } from "../../store/store.ts";
import { failedCells } from "../failedCells.ts";
import { filesRead } from "../filesRead.ts";
import { fitRate } from "../fits.ts";
import { checkResults, type Content } from "../inputs.ts";
import { planKept } from "../prepareHere.ts";
import { preparedBefore } from "../prepareOnNodes.ts";
import { type Inputs, readInputs, type SweepContext } from "../readInputs.ts";
import type { SweepRequest } from "../request.ts";
import { refuseWithoutRoom, roomOf } from "../room.ts";
import { shapedModel, type ShapeName } from "../shapedModel.ts";
import { buildRate, expectedBuild } from "../sweepBuild.ts";
import { slurmSettings } from "../userSettings.ts";
import { dividedCell } from "./divided.ts";
import { diskUse, type DiskUse } from "./disk.ts";
import { earlierRecords } from "./earlier.ts";
import { largest } from "./memory.ts";
import { chunksOf } from "./chunks.ts";
import { Clock, type Duration, inTurn, type StepsTogether } from "./clock.ts";
import { type DeviceUse, deviceUse, isOfHost, refuseWithoutAnyMemory } from "./deviceMemory.ts";
import { cellsToFit, importanceJobs } from "./fitting.ts";
import { presentSteps } from "./present.ts";
import { type AtOnce, secondsSideBySide } from "./sideBySide.ts";
import { todosOf } from "./todo.ts";
import { unmadeBuild } from "./unmadeBuild.ts";
import { whyToRun } from "./why.ts";

/** A cell as a sweep would find it. */
export interface ForecastCell {
  name: string;
  /** Null when every step has its record; else why the cell is to be run. */
  why: string | null;
  /** What its steps take. */
  time: Duration;
  /** In how many parts its evaluation can be done by several machines, so that none takes longer than a job may; null where it need not be. */
  divided: Divided | null;
}

/** What a sweep would do, and what it would cost. */
export interface Forecast {
  results: string;
  model: { path: string; bytes: number };
  machine: string;
  threads: number;
  backend: BackendName;
  /** Names of the devices that were asked for; none for the first that there is. */
  devices: readonly string[];
  /** What models are computed on; null for the processor, and where it is not known before the build is there. */
  device: string | null;
  /** Of the build, when it is to be made: how long that took before. */
  build: { release: string; time: Duration } | null;
  /** Cells whose table is to be fitted, importance matrix included: of those that ask for the same one the first. */
  fits: { name: string; time: Duration }[];
  cells: ForecastCell[];
  disk: DiskUse & { free: number | null };
  /** Most memory of a program, with what needs it, and what this machine has; where models are computed on a device, of the other programs. */
  memory: { bytes: number; cell: string; step: string; there: number } | null;
  /** Null for the processor. */
  deviceMemory: DeviceUse | null;
  /** Of all, as many cells at the same time as `atOnce` says: as of {@link secondsSideBySide}. */
  time: Duration;
  /** Null for a cluster, which decides that: then `time` is of one cell after the other. */
  atOnce: AtOnce | null;
  /** Times by kind of step, whatever goes on at the same time. */
  steps: StepsTogether[];
  /** Why a sweep would be refused; null when it would not. */
  refusal: string | null;
}

/** What shall be planned: a sweep, maybe of a model that is not at hand, by its shape, or on a machine with so many bytes of memory. */
export type ForecastRequest = SweepRequest & { shape?: ShapeName; memory?: number };

/**
 * What a sweep would do, without doing it: inputs are read and checked, records and rates are looked up, nothing is computed
 * and nothing is written but checksums of inputs into the cache.
 *
 * @throws UserError when an input is at fault
 */
export async function forecast({ shape, ...request }: ForecastRequest, signal: AbortSignal): Promise<Forecast> {
  ensureCache();
  if (shape === undefined) return forecastOf(request, signal);
  return withScratch(path.join(cacheFolder(), "scratch"), "shape", async (folder) => forecastOf({ ...request, shaped: await shapedModel(shape, folder) }, signal));
}

async function forecastOf({ memory, ...request }: ForecastRequest, signal: AbortSignal): Promise<Forecast> {
  const inputs = await readInputs(request, checkExisting, () => undefined, signal);
  const { model, results, release } = inputs;
  const context: SweepContext = { inputs, request, report: () => undefined, signal };
  const byNodes = inputs.prepare === "nodes" ? await preparedBefore(context) : null;
  const expected = byNodes ? { build: byNodes.targets[0].build, isThere: true } : await expectedBuild(inputs, request, signal);
  const targets = byNodes?.targets ?? (expected ? await findTargets(expected.build, inputs, signal) : await unknownTargets(inputs, signal));
  const [on] = targets;
  const { cells: { chosen: wanted }, unfitted } = await planKept(context, on);
  const chosen = request.retryFailed ? await failedCells(wanted) : wanted;

  const jobs = chosen.map(({ job }) => job);
  const { hasDevices } = backends[inputs.backend];
  const onEach = request.jobs ?? 1;
  const atOnce = onEach * targets.length;
  const present = presentSteps();
  const inMemory = { gguf: model.gguf, moments: memory === undefined ? on.memory : memory / 2 };
  const files = filesRead(inputs);
  const toFit = cellsToFit(chosen, unfitted);
  const weighing = importanceJobs(toFit, inputs, on);
  const everything = await todosOf([...weighing, ...jobs], { ...files, present, chunksOf: await chunksOf(inputs, inMemory.moments) });
  const [before, todos] = [everything.slice(0, weighing.length), everything.slice(weighing.length)];
  const clock = new Clock(await readRates(), on);
  const rebuilt = expected?.isThere ? null : { release: release.tag, time: clock.of([buildRate(inputs)]) };
  const fits = toFit.map(({ cell }) => {
    const importance = before.filter(({ job }) => job.name === cell.name).map((one) => clock.ofCell(one));
    return { name: cell.name, time: inTurn([...importance, clock.of([fitRate(cell.fit!, model.gguf)])]) };
  });
  const earlier = earlierRecords(results);
  const maxHours = slurmSettings(request.slurm, inputs.study.slurm).max_job_hours;
  const found: ForecastCell[] = [];
  for (const todo of todos) {
    const why = todo.missing.length === 0 ? null : unfitted.has(todo.job.name) ? "its table is to be fitted" : expected ? await whyToRun(todo, earlier, present, on) : "llama.cpp is to be built, and before that it is not known what is stored";
    found.push({ name: todo.job.name, why, time: clock.ofCell(todo), divided: dividedCell(todo, clock, maxHours) });
  }
  const side: AtOnce | null = request.slurm ? null : { onEachDevice: onEach, devices: targets.length, processors: os.availableParallelism() };
  const together = inTurn(found.map(({ time }) => time));
  if (side) together.seconds = secondsSideBySide(todos, clock, { ...side, threads: inputs.threads, onDevice: hasDevices });
  const all = everything.flatMap((cell) => cell.todos);
  const most = largest(hasDevices ? all.filter(({ planned }) => isOfHost(planned)) : all, inMemory);
  const there = memory ?? memoryThere();
  return {
    results, model: { path: model.path, bytes: model.bytes }, machine: thisMachine(), threads: inputs.threads, backend: inputs.backend, devices: inputs.devices, device: on.device ? `${on.device.asked}: ${on.device.line}` : null, build: rebuilt, fits, cells: found,
    disk: { ...diskUse(everything, { gguf: model.gguf, kept: await largeBytes(), atOnce, keepsAll: request.keepModels === "all" }), free: freeBytes(results) },
    memory: most && { bytes: most.bytes * atOnce, cell: most.todo.cell, step: most.todo.planned.step, there },
    // A cluster's cells are computed on the devices of its nodes.
    deviceMemory: hasDevices ? deviceUse(everything, files, { targets: request.slurm ? [] : targets, atOnce: onEach }) : null,
    time: clock.all([...(rebuilt ? [rebuilt.time] : []), ...fits.map(({ time }) => time), together], found),
    atOnce: side,
    steps: clock.bySteps(everything),
    refusal: await refusalOf(async () => {
      await refuseWithoutRoom(jobs, roomOf(inputs, request));
      if (!request.slurm && memory === undefined) await refuseWithoutAnyMemory(jobs, files, { targets, jobs: onEach });
    }),
  };
}

/** Of a build that is not there no device is known, but how many were asked for. */
async function unknownTargets({ release, backend, threads, devices }: Inputs, signal: AbortSignal): Promise<[Target, ...Target[]]> {
  const target = await thisTarget(unmadeBuild(release, backend), threads, signal);
  return [target, ...devices.slice(1).map(() => target)];
}

/** A folder that is not there is none to look at; nor is it made. */
async function checkExisting(folder: string, model: Content): Promise<void> {
  if (existsSync(resultsStore(folder)) || (existsSync(folder) && (await readdir(folder)).length > 0)) await checkResults(folder, model);
}

async function refusalOf(refuse: () => Promise<void>): Promise<string | null> {
  try {
    await refuse();
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
