import path from "node:path";
import { total } from "../analysis/histogram.ts";
import { diskFull, diskOf, freeBytes } from "../fileError.ts";
import type { Job, PlannedStep } from "../jobs/job.ts";
import { isLargeKept, largeBytes } from "../jobs/largeFiles.ts";
import { isStored } from "../jobs/isStored.ts";
import { recordOf } from "../jobs/ownSteps.ts";
import { stepNamed } from "../jobs/stepNamed.ts";
import { cacheFolder, cacheIsWritable } from "../paths.ts";
import { type KnownSizes, leastQuantizedBytes } from "../steps/room.ts";
import { type FilesRead, filesRead } from "./filesRead.ts";
import type { Inputs } from "./readInputs.ts";
import type { SweepRequest } from "./request.ts";

/** What a cell writes besides: records, logs, its share of tables and page. */
const cellBytes = 1 << 16;

/** What cells need. */
export interface RoomRequest extends FilesRead {
  /** Bytes of the text that is measured on. */
  textBytes: number;
  results: string;
  /** Cells side by side. */
  atOnce: number;
  /** Whether every quantized file stays with the results. */
  keepsAll: boolean;
}

/** What room for a sweep's files is looked for by. */
export function roomOf(inputs: Inputs, { jobs = 1, keepModels }: Pick<SweepRequest, "jobs" | "keepModels">): RoomRequest {
  const { text, results, devices } = inputs;
  return { ...filesRead(inputs), textBytes: text.bytes, results, atOnce: jobs * Math.max(1, devices.length), keepsAll: keepModels === "all" };
}

/**
 * Refuses a sweep for whose steps there is not room enough, as far as their sizes are known before any has run: what is kept
 * with results, and in the cache predictions, and what lies there of the largest cells at a time.
 *
 * @throws DiskFull naming the folder, the bytes needed and those free
 */
export async function refuseWithoutRoom(jobs: readonly Job[], { gguf, ready, textBytes, results, atOnce, keepsAll }: RoomRequest): Promise<void> {
  const growing = new Map<string, number>();
  const shared = new Map<string, number>();
  const passing: number[] = [];
  for (const job of jobs) {
    if (await isStored(job)) continue;
    const { type, types } = (job.steps.find(({ step }) => step === "quantize")?.config ?? {}) as { type?: string; types?: Record<string, string> };
    const known = { gguf, textBytes, quantizedBytes: type === undefined ? (ready.get(job.name)?.gguf ?? gguf).fileBytes : leastQuantizedBytes(gguf, type, types) };
    let bytes = 0;
    for (const step of job.steps) {
      const missing = await missingBytes(step, known, results);
      const { shared: isShared, grows } = stepNamed(step.step);
      if (keepsAll && step.step === "quantize") growing.set(step.key, known.quantizedBytes);
      if (isShared) shared.set(step.key, missing);
      else if (grows) growing.set(step.key, missing + cellBytes);
      else bytes += missing;
    }
    passing.push(bytes);
  }
  if (passing.length === 0) return;
  const most = passing.sort((left, right) => right - left).slice(0, atOnce);
  const kept: Place = { folder: path.resolve(results), bytes: total([...growing.values()]), spare: 0 };
  const cached: Place = { folder: cacheFolder(), bytes: total([...shared.values(), ...most]), spare: await largeBytes() };
  if (!cacheIsWritable()) return refuseFull({ ...kept, bytes: kept.bytes + cached.bytes });
  if (diskOf(kept.folder) === diskOf(cached.folder)) return refuseFull({ ...cached, bytes: kept.bytes + cached.bytes });
  [kept, cached].forEach(refuseFull);
}

interface Place {
  folder: string;
  bytes: number;
  /** Bytes there that would be given up. */
  spare: number;
}

function refuseFull({ folder, bytes, spare }: Place): void {
  const free = freeBytes(folder);
  if (free !== null && free + spare < bytes) throw diskFull(folder, bytes, free + spare);
}

/** Bytes that a step will write, if it has to be run. */
async function missingBytes(planned: PlannedStep, known: KnownSizes, results: string): Promise<number> {
  const { writes } = stepNamed(planned.step);
  if (!writes) return 0;
  const record = await recordOf(planned, results);
  const isThere = record !== null && (record.files["quantized"] === undefined || (await isLargeKept(planned.key, "quantized")));
  return isThere ? 0 : (writes(planned.config, known) as number);
}
