import { open, stat } from "node:fs/promises";
import path from "node:path";
import { storesOf } from "../jobs/ownSteps.ts";
import { decodeFrames } from "../parse/frames.ts";
import { type Holder, readHolder } from "../process/claim.ts";
import { hasEnded } from "../process/owner.ts";
import { frameBytes } from "../steps/evaluate.ts";
import type { Plan } from "../store/plan.ts";
import { growingFile, resultsStore } from "../store/store.ts";

/** A step of a plan. */
export type PlanStep = Plan["cells"][number]["steps"][number];

/** A step that somebody is at. */
export interface ClaimedStep {
  step: PlanStep;
  holder: Holder;
}

/** Milliseconds after which a claim without a sign of life is no longer taken for one of somebody at work; twice the time after which others take it. */
const silence = 120_000;

/** The step of a cell that somebody is at, the last of several; null when nobody is at any. */
export async function claimedStep(results: string, steps: readonly PlanStep[]): Promise<ClaimedStep | null> {
  for (const step of [...steps].reverse()) {
    for (const store of storesOf(step, results)) {
      const holder = await readHolder(path.join(store, "claims", step.growing ?? step.key));
      if (!holder || Date.now() - holder.seen.getTime() > silence) continue;
      if (!holder.owner || !(await hasEnded(holder.owner))) return { step, holder };
    }
  }
  return null;
}

/** A head and a checksum, beside what the file has of each token. */
const frameOverhead = 36;

/** How far a cell's evaluation has come; null when it has not begun. */
export async function chunksOf(results: string, steps: readonly PlanStep[], { parameters, options }: Pick<Plan, "parameters" | "options">): Promise<{ done: number; of: number | null } | null> {
  const evaluate = steps.find(({ step }) => step === "evaluate");
  if (!evaluate?.growing) return null;
  const file = growingFile(resultsStore(results), evaluate.step, evaluate.growing);
  const bytes = await stat(file).then(({ size }) => size, () => 0);
  if (bytes === 0) return null;
  const first = await firstBytes(file, frameBytes({ context: parameters.context, compared: options.klDivergence }) + frameOverhead);
  const { frames: [frame], wholeBytes } = decodeFrames(first);
  if (!frame) return null;
  const of = Math.min(parameters.chunks ?? Infinity, frame.availableChunks);
  return { done: Math.min(Math.floor(bytes / wholeBytes), of), of };
}

async function firstBytes(file: string, count: number): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
