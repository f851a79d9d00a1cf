import { open, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { storesOf } from "../jobs/ownSteps.ts";
import { stepNamed } from "../jobs/stepNamed.ts";
import { decodeFrames } from "../parse/frames.ts";
import { type Holder, readHolder } from "../process/claim.ts";
import { hasEnded } from "../process/owner.ts";
import { frameBytes } from "../steps/evaluate.ts";
import { partFiles } from "../steps/partFrames.ts";
import type { Plan } from "../store/plan.ts";
import { growingFile, resultsStore } from "../store/store.ts";

/** A step of a plan. */
export type PlanStep = Plan["cells"][number]["steps"][number];

/** A step that somebody is at, or several who each do a part of it. */
export interface ClaimedStep {
  step: PlanStep;
  holders: [Holder, ...Holder[]];
}

/** Milliseconds after which a claim without a sign of life is no longer taken for one of somebody at work; twice the time after which others take it. */
const silence = 120_000;

async function isAtWork({ owner, seen }: Holder): Promise<boolean> {
  return Date.now() - seen.getTime() <= silence && (!owner || !(await hasEnded(owner)));
}

/** Names of all claims in a results folder. */
export async function claimsIn(results: string): Promise<string[]> {
  return readdir(path.join(resultsStore(results), "claims")).catch(() => []);
}

/**
 * The step of a cell that somebody is at, the last of several; null when nobody is at any.
 *
 * @param claims of {@link claimsIn}
 */
export async function claimedStep(results: string, steps: readonly PlanStep[], claims: readonly string[]): Promise<ClaimedStep | null> {
  for (const step of [...steps].reverse()) {
    for (const store of storesOf(step, results)) {
      const folder = path.join(store, "claims");
      const name = step.growing ?? step.key;
      const parts = stepNamed(step.step).part ? claims.filter((other) => other.startsWith(`${name}-from-`)) : [];
      const found = await Promise.all([name, ...parts].map((claim) => readHolder(path.join(folder, claim))));
      const holders: Holder[] = [];
      for (const holder of found) if (holder && (await isAtWork(holder))) holders.push(holder);
      const [first, ...others] = holders.sort((left, right) => left.since.getTime() - right.since.getTime());
      if (first) return { step, holders: [first, ...others] };
    }
  }
  return null;
}

/** A head and a checksum, beside what the file has of each token. */
const frameOverhead = 36;

/** How far a cell's evaluation has come, its parts together; null when it has not begun. */
export async function chunksOf(results: string, steps: readonly PlanStep[], { parameters, options }: Pick<Plan, "parameters" | "options">): Promise<{ done: number; of: number | null } | null> {
  const evaluate = steps.find(({ step }) => step === "evaluate");
  if (!evaluate?.growing) return null;
  const file = growingFile(resultsStore(results), evaluate.step, evaluate.growing);
  const files: { file: string; bytes: number }[] = [];
  for (const one of [file, ...(await partFiles(file)).map((part) => part.file)]) files.push({ file: one, bytes: await stat(one).then(({ size }) => size, () => 0) });
  const begun = files.find(({ bytes }) => bytes > 0);
  if (!begun) return null;
  const first = await firstBytes(begun.file, frameBytes({ context: parameters.context, compared: options.klDivergence }) + frameOverhead);
  const { frames: [frame], wholeBytes } = decodeFrames(first);
  if (!frame) return null;
  const of = Math.min(parameters.chunks ?? Infinity, frame.availableChunks);
  const done = files.reduce((sum, { bytes }) => sum + Math.floor(bytes / wholeBytes), 0);
  return { done: Math.min(done, of), of };
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
