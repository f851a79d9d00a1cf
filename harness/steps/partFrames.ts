import { mkdir, open, readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Frame } from "../analysis/frame.ts";
import { writeAtomic } from "../writeAtomic.ts";
import { isComposed, keepFrames, readFrames, wholeChunks } from "./growingFrames.ts";
import type { Part } from "./step.ts";

/** The file of frames that one part of an evaluation grows in, beside that of the whole. */
export interface PartFile {
  file: string;
  /** Chunk that the part begins at; the file begins there, or behind it where the whole's file has those before. */
  first: number;
}

/** Where the part that begins at a chunk grows. @param growing the file of the whole evaluation */
export function partFile(growing: string, first: number): PartFile {
  return { file: `${growing}-from-${first}`, first };
}

/** Names of all files in a folder that parts of evaluations grow in. */
export async function partNames(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => /-from-\d+$/.test(name));
}

/**
 * The parts of an evaluation that have a file, in the text's order.
 *
 * @param named the folder's {@link partNames}, where they have been read already
 */
export async function partFiles(growing: string, named: Promise<readonly string[]> = partNames(path.dirname(growing))): Promise<PartFile[]> {
  const beginning = `${path.basename(growing)}-from-`;
  const firsts = (await named).flatMap((name) => (name.startsWith(beginning) ? [Number(name.slice(beginning.length))] : []));
  return firsts.sort((left, right) => left - right).map((first) => partFile(growing, first));
}

/**
 * Whether a part has a file, by the word of whoever keeps the folder: what a machine looked up before it may remember wrongly.
 * Nobody else may be about to make it.
 */
export async function isBegun({ file }: PartFile): Promise<boolean> {
  try {
    await (await open(file, "wx")).close();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EEXIST";
  }
  await rm(file);
  return false;
}

/** What of an evaluation is in its files. */
export interface Covered {
  /** Chunks from the first on, in whole batches or to the end. */
  chunks: number;
  /** Whether these are all. */
  isComplete: boolean;
}

/**
 * How far an evaluation has come without a gap, its parts included.
 *
 * @param wanted chunks that there shall be; null for all that the text has
 * @param perBatch chunks that are evaluated together
 */
export async function coveredChunks(growing: string, wanted: number | null, perBatch: number): Promise<Covered> {
  const [{ frames: grown }, parts] = [await readFrames(growing), await partFiles(growing)];
  let covered = behind(grown, 0, wanted, perBatch);
  for (const { file } of parts) {
    if (covered.isComplete) break;
    const { frames } = await readFrames(file, null);
    if (frames.length > 0 && frames[0]!.chunk <= covered.chunks) covered = behind(frames, covered.chunks, wanted, perBatch);
  }
  return covered;
}

/** @param before chunks that are covered without these frames */
function behind(frames: readonly Frame[], before: number, wanted: number | null, perBatch: number): Covered {
  const last = frames.at(-1);
  const enough = wanted ?? last?.availableChunks ?? Infinity;
  const end = last ? last.chunk + 1 : 0;
  const chunks = Math.max(before, end >= enough ? enough : end - (end % perBatch));
  return { chunks, isComplete: chunks >= enough };
}

/**
 * Puts what a part has behind the whole batches of the whole's file, if that goes further with it, and removes the part's file
 * as far as nothing of it is left to come. A batch that is not whole was the last of an evaluation of fewer chunks.
 *
 * @returns the chunks before the part that are missing; else null
 */
export async function appendPart(growing: string, { file }: PartFile, perBatch: number): Promise<{ first: number; count: number } | null> {
  const part = await readFrames(file, null);
  const first = part.frames[0]?.chunk ?? 0;
  const whole = await readFrames(growing);
  const there = whole.frames.length - (whole.frames.length % perBatch);
  if (first > there) return { first: there, count: first - there };
  const end = first + part.frames.length;
  if (end > whole.frames.length && isLike(whole.frames[0] ?? part.frames[0]!, part.frames[0]!)) {
    const [from, to] = [there, end].map((chunk) => (chunk - first) * part.frameBytes);
    await writeAtomic(growing, Buffer.concat([whole.bytes.subarray(0, there * part.frameBytes), part.bytes.subarray(from, to)]));
  }
  await rm(file, { force: true });
  return null;
}

function isLike(one: Frame, other: Frame): boolean {
  return one.contextTokens === other.contextTokens && one.vocabularySize === other.vocabularySize && (one.reference === null) === (other.reference === null);
}

/** The frames of a part's file that can be gone on behind. */
export interface PartBegun {
  /** Chunk that the file begins at. */
  begin: number;
  frames: Frame[];
}

/**
 * What a part has done, cut behind the last whole batch, as {@link wholeFrames} does with the file of the whole.
 *
 * @param from chunk that the part has to begin at by now
 * @param end chunk behind its last; null for the text's end
 * @param isFit whether frames are of this evaluation
 */
export async function begunPart(file: string, { from, end, perBatch }: { from: number; end: number | null; perBatch: number }, isFit: (frames: readonly Frame[]) => boolean): Promise<PartBegun> {
  await mkdir(path.dirname(file), { recursive: true });
  const found = await readFrames(file, null);
  const begin = found.frames[0]?.chunk ?? from;
  const isOf = begin <= from && begin % perBatch === 0 && begin + found.frames.length >= from && isFit(found.frames);
  if (found.frames.length === 0 || !isOf) {
    await rm(file, { force: true });
    return { begin: from, frames: [] };
  }
  const enough = Math.min(found.frames.length, (end ?? found.frames[0]!.availableChunks) - begin);
  const isWhole = begin + enough >= (end ?? found.frames[0]!.availableChunks) && isComposed(found.frames, enough, perBatch);
  const kept = isWhole ? enough : enough - (enough % perBatch);
  await keepFrames(file, kept, found);
  return { begin, frames: found.frames.slice(0, kept) };
}

/**
 * Whether the chunks of a part are in its file, or in the whole's.
 *
 * @param wanted chunks that there shall be, or where that is not known about; null for all that the text has
 */
export async function isPartDone(growing: string, { first, count }: Part, wanted: number | null, perBatch: number): Promise<boolean> {
  const { frames } = await readFrames(partFile(growing, first).file, null);
  const frame = frames[0] ?? (await readFrames(growing)).frames[0];
  if (frame === undefined) return false;
  // Frames of a comparison know how many chunks the reference had, which may have been another; not how many the text has.
  const end = Math.min(count === null ? Infinity : first + count, wanted ?? Infinity, frame.reference ? Infinity : frame.availableChunks);
  const from = Math.max(first, await wholeChunks(growing, wanted, perBatch));
  return from >= end || (frames.length > 0 && frames[0]!.chunk <= from && frames.at(-1)!.chunk + 1 >= end);
}
