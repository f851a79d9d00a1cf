import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Frame } from "../analysis/frame.ts";
import { decodeFrames } from "../parse/frames.ts";

/** Frames of a text's first chunks, and whether they are all that was asked for. */
export interface GrownFrames {
  frames: Frame[];
  isComplete: boolean;
}

/**
 * The chunks evaluated so far, as many as an evaluation can go on behind: whole batches, since a batch is composed as in
 * a run that was never stopped. What else is in the file is cut off, and the file is replaced: the program of a run that
 * was killed may live on for a while, and what it appends goes into the old one.
 *
 * @param file of frames, which may not be there yet
 * @param wanted chunks that there shall be; null for all that the text has
 * @param perBatch chunks that are evaluated together
 */
export async function wholeFrames(file: string, wanted: number | null, perBatch: number): Promise<GrownFrames> {
  await mkdir(path.dirname(file), { recursive: true });
  const { frames } = await readFrames(file);
  const enough = wanted ?? frames[0]?.availableChunks ?? Infinity;
  if (frames.length >= enough) return { frames: frames.slice(0, enough), isComplete: true };
  const kept = frames.slice(0, frames.length - (frames.length % perBatch));
  await keepFrames(file, kept.length);
  return { frames: kept, isComplete: false };
}

/** Cut a file of frames behind so many of them. */
export async function keepFrames(file: string, count: number): Promise<void> {
  const { bytes, frameBytes } = await readFrames(file);
  if (bytes.length > 0) await writeFileAtomic(file, bytes.subarray(0, count * frameBytes));
}

/**
 * The whole frames of a file, from the text's first chunk on, as far as every likelihood is a finite number.
 *
 * @returns the frames, how many bytes each has, and the file's
 */
export async function readFrames(file: string): Promise<{ frames: Frame[]; frameBytes: number; bytes: Buffer }> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  const { frames, wholeBytes } = decodeFrames(bytes);
  if (frames[0]?.chunk !== 0) return { frames: [], frameBytes: 0, bytes };
  const wrong = frames.findIndex(({ nll, reference }) => !nll.every(Number.isFinite) || reference?.kld.every(Number.isFinite) === false);
  return { frames: wrong < 0 ? frames : frames.slice(0, wrong), frameBytes: wholeBytes / frames.length, bytes };
}
