import path from "node:path";
import { appendPart, partFile, partFiles } from "../steps/partFrames.ts";
import type { Part } from "../steps/step.ts";

/** What gathering needs of whoever holds the claim of the whole. */
export interface Gathering {
  /** Folder of claims. */
  claims: string;
  /** Chunks that are evaluated together. */
  perBatch: number;
  /** Does work under the claim of the part that begins at a chunk: waits for whoever is at that part. */
  claimed<T>(first: number, work: () => Promise<T>): Promise<T>;
  /** Whether all that is asked for is in the whole's file. */
  isComplete(): Promise<boolean>;
  /** Evaluates what no part has. */
  evaluate(part: Part): Promise<void>;
}

/**
 * Puts what parts of an evaluation have found into the whole's file, in the text's order; chunks that are missing between
 * them are evaluated. Parts that somebody is at are waited for. What is missing behind the last is left to the whole's run.
 */
export async function gatherParts(growing: string, { claims, perBatch, claimed, isComplete, evaluate }: Gathering): Promise<void> {
  const append = (first: number): ReturnType<typeof appendPart> => claimed(first, () => appendPart(growing, partFile(growing, first), perBatch));
  for (const first of await begunParts(growing, claims)) {
    if (await isComplete()) return;
    const missing = await append(first);
    if (missing === null) continue;
    await evaluate(missing);
    await append(missing.first);
    // All that is asked for may end before this part.
    if ((await append(first)) !== null) return;
  }
}

/** First chunks of the parts that have a file or somebody who is at them. */
async function begunParts(growing: string, claims: string): Promise<number[]> {
  // Claims have the names of the files.
  const begun = [...(await partFiles(growing)), ...(await partFiles(path.join(claims, path.basename(growing))))];
  return [...new Set(begun.map(({ first }) => first))].sort((left, right) => left - right);
}
