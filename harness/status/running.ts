import { open } from "node:fs/promises";
import path from "node:path";
import type { HoldersOf } from "../jobs/claims.ts";
import { referenceChunks } from "../jobs/referenceChunks.ts";
import { decodeFrames, frameBytes } from "../parse/frames.ts";
import type { Holder } from "../process/claim.ts";
import { hasEnded } from "../processes.ts";
import { type FramesFiles, lookAtFrames } from "../steps/framesFiles.ts";
import { chunksPerBatch } from "../steps/growingFrames.ts";
import type { Plan } from "../store/plan.ts";
import { growingFile, resultsStore } from "../store/store.ts";
import type { Chunks } from "./types.ts";

/** A step of a plan. */
export type PlanStep = Plan["cells"][number]["steps"][number];

/** A step that somebody is at, or several who each do a part of it. */
export interface ClaimedStep {
  step: PlanStep;
  holders: [Holder, ...Holder[]];
}

/** Milliseconds after which a claim without a sign of life is no longer taken for one of somebody at work; twice the time after which others take it. */
const silence = 120_000;

/** The step of a cell that somebody is at, or several at parts of it, the last of several; null when nobody is at any. */
export function claimedStep(steps: readonly PlanStep[], holdersOf: HoldersOf): ClaimedStep | null {
  for (const step of [...steps].reverse()) {
    const [first, ...others] = holdersOf(step).filter(isAtWork).sort((left, right) => left.since.getTime() - right.since.getTime());
    if (first) return { step, holders: [first, ...others] };
  }
  return null;
}

function isAtWork({ owner, seen }: Holder): boolean {
  return Date.now() - seen.getTime() <= silence && (!owner || !hasEnded(owner));
}

/** How far a cell's evaluation has come, its parts included; null when it has not begun. */
export async function chunksOf(results: string, steps: readonly PlanStep[], { parameters, options }: Pick<Plan, "parameters" | "options">, filesOf: FramesFiles): Promise<Chunks | null> {
  const evaluate = steps.find(({ step }) => step === "evaluate");
  if (!evaluate?.growing) return null;
  const files = await filesOf(growingFile(resultsStore(results), evaluate.step, evaluate.growing));
  const asked = { context: parameters.context, compared: options.klDivergence };
  const available = await availableChunks(files, frameBytes(asked));
  if (available === null) return null;
  const reference = steps.find(({ step }) => step === "reference");
  // Frames of a comparison know how many chunks the reference had, which may have been another.
  const all = asked.compared ? reference && (await referenceChunks(results, reference.key)) : available;
  const of = Math.min(parameters.chunks ?? Infinity, all ?? Infinity);
  const seen = await lookAtFrames(files, asked);
  const done = Math.min(seen.reduce((sum, { chunks }) => sum + chunks, 0), of);
  const perBatch = chunksPerBatch(parameters);
  return { done, of: of === Infinity ? null : of, files: seen.map(({ file, chunks, written }) => ({ name: path.basename(file), chunks, written: chunks % perBatch === 0 ? written : null })) };
}

/** How many chunks the text, or a reference, had, by the first frame that there is; null without any. */
async function availableChunks(files: readonly string[], bytes: number): Promise<number | null> {
  for (const file of files) {
    const [frame] = decodeFrames(await firstBytes(file, bytes)).frames;
    if (frame) return frame.availableChunks;
  }
  return null;
}

/** None of a file that is not there. */
async function firstBytes(file: string, count: number): Promise<Uint8Array> {
  const handle = await open(file).catch(() => null);
  if (!handle) return new Uint8Array();
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
