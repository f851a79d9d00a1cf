import { backends } from "../../build/backends.ts";
import { UserError } from "../../errors.ts";
import { ownCoding } from "../../gguf/own.ts";
import type { Gguf } from "../../gguf/read.ts";
import { tensorBytes } from "../../gguf/types.ts";
import type { Job, PlannedStep } from "../../jobs/job.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import type { Device } from "../../steps/devices.ts";
import type { Target } from "../../steps/step.ts";
import type { Settings } from "../../steps/settings.ts";
import { memoryThere } from "../../memory.ts";
import { expectedQuantizedBytes } from "../../steps/room.ts";
import { confLine } from "../../study/conf.ts";
import type { FilesRead } from "../filesRead.ts";
import { refuseWithoutMemory, shapeOf } from "./memory.ts";
import { presentSteps } from "./present.ts";
import { type CellTodo, type Todo, todosOf } from "./todo.ts";

/**
 * Refuses a sweep of whose steps one would not find the memory that it needs, on this machine or on a device.
 *
 * @param asked devices, and cells side by side on each
 * @throws UserError as of refuseWithoutMemory; naming the cell, the step, the device, and the bytes needed and free
 */
export async function refuseWithoutAnyMemory(jobs: readonly Job[], files: FilesRead, { targets, jobs: atOnce }: { targets: readonly Pick<Target, "build" | "device" | "memory">[]; jobs: number }): Promise<void> {
  for (const { device } of targets) if (device) await refuseWithoutDeviceMemory(jobs, files, device, atOnce);
  // Before its build is there it is not known which device it is.
  const isOnDevice = targets.some(({ build }) => backends[build.backend].hasDevices);
  await refuseWithoutMemory(isOnDevice ? stepsOfHost(jobs) : jobs, { ...files, moments: Math.min(...targets.map(({ memory }) => memory)) }, atOnce * targets.length, memoryThere());
}

/**
 * Refuses a sweep of whose steps one would not find the memory that it needs on a device.
 *
 * @param atOnce programs side by side on it
 * @throws UserError naming the cell, the step, the device, and the bytes needed and free
 */
export async function refuseWithoutDeviceMemory(jobs: readonly Job[], files: FilesRead, { asked, freeBytes }: Device, atOnce: number): Promise<void> {
  const most = largestOnDevice(await todosOf(jobs, { ...files, present: presentSteps(), chunksOf: () => 1 }), files);
  if (!most || atOnce * most.bytes <= freeBytes) return;
  throw new UserError(`cell ${most.todo.cell}: ${most.todo.planned.step} needs about ${atOnce * most.bytes} bytes on ${asked}${atOnce > 1 ? ` (${atOnce} cells at a time)` : ""}, of which ${freeBytes} are free; ${atOnce > 1 ? "give fewer --jobs" : "take a smaller batch in a copy of the study, a smaller model, or a device with more memory"}`);
}

/** Most memory that is needed on one device, in bytes, with what needs it. */
export interface DeviceUse {
  bytes: number;
  cell: string;
  step: string;
  /** What is free on the fullest of them; null where it is not known. */
  free: number | null;
}

/**
 * The memory that cells take on each device.
 *
 * @param targets whose devices they are
 * @param atOnce cells side by side on each
 * @returns null where nothing is to be computed there
 */
export function deviceUse(cells: readonly CellTodo[], files: FilesRead, { targets, atOnce }: { targets: readonly Pick<Target, "device">[]; atOnce: number }): DeviceUse | null {
  const most = largestOnDevice(cells, files);
  const free = targets.flatMap(({ device }) => device?.freeBytes ?? []);
  return most && { bytes: atOnce * most.bytes, cell: most.todo.cell, step: most.todo.planned.step, free: free.length > 0 ? Math.min(...free) : null };
}

/** The step that needs most memory on a device, in bytes; null where nothing is to be computed there. */
function largestOnDevice(cells: readonly CellTodo[], files: FilesRead): { todo: Todo; bytes: number } | null {
  const needs = cells.flatMap((cell) => cell.todos.filter(({ planned }) => stepNamed(planned.step).computes).map((todo) => ({ todo, bytes: bytesOn(todo, cell, files) })));
  return needs.sort((left, right) => right.bytes - left.bytes)[0] ?? null;
}

function stepsOfHost(jobs: readonly Job[]): Job[] {
  return jobs.flatMap((job) => {
    const steps = job.steps.filter(isOfHost);
    return steps.length > 0 ? [{ ...job, steps }] : [];
  });
}

/** Whether a step's program needs this machine's memory although models are computed on a device. */
export function isOfHost({ step }: Pick<PlannedStep, "step">): boolean {
  return !stepNamed(step).computes || step === "moments";
}

/** Weights, keys and values of every layer, and what a layer leaves between its matrices; predictions go to the machine's memory. */
function bytesOn({ planned: { step, config }, quantizedBytes }: Todo, { job }: CellTodo, files: FilesRead): number {
  const readsModel = stepNamed(step).shared;
  return (readsModel ? files.gguf.fileBytes : weightBytes(job, quantizedBytes, files)) + workBytes(config as unknown as Settings, files.gguf);
}

/** Packed codes lie there as upstream's Q8_0, of 8.5 bits a weight. */
function weightBytes({ name, steps }: Job, quantizedBytes: number, { gguf, ready }: FilesRead): number {
  const given = ready.get(name)?.gguf;
  if (given) return quantizedBytes + unpackedBytes(given);
  const config = steps.find(({ step }) => step === "quantize")?.config as { conf: string | null; pure: boolean; types?: Record<string, string> } | undefined;
  if (!config || confLine(config.conf, "CONTAINER") !== "packed") return quantizedBytes;
  return Math.max(quantizedBytes, expectedQuantizedBytes(gguf, { ...config, type: "Q8_0" }));
}

/** What packed codes of a ready-made file grow by there. */
function unpackedBytes(file: Gguf): number {
  const own = ownCoding(file);
  if (own?.container !== "packed") return 0;
  const packed = new Set(own.tensors);
  return file.tensors.reduce((sum, { name, elements, bytes }) => sum + (packed.has(name) ? Math.max(0, tensorBytes("Q8_0", elements) - bytes) : 0), 0);
}

function workBytes({ context, batch, ubatch }: Settings, gguf: Gguf): number {
  const { layers, keys, heads, width, feedForward, vocabulary } = shapeOf(gguf);
  const tokens = Math.max(batch, context);
  const together = Math.min(ubatch, tokens);
  return 4 * layers * keys * tokens + 4 * together * (vocabulary + 2 * feedForward + 4 * width + heads * context);
}
