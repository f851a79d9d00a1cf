import { mkdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../writeAtomic.ts";
import type { Frame } from "../analysis/frame.ts";
import { UserError } from "../errors.ts";
import { decodeFrames } from "../parse/frames.ts";

/** Frames of a text's first chunks, and whether they are all that was asked for. */
export interface GrownFrames {
  frames: Frame[];
  isComplete: boolean;
  /** Whether the file has more than these, so that what is evaluated behind them must go elsewhere. */
  hasMore: boolean;
}

/** What a file of frames holds: the whole ones, the bytes of each, and of the file. */
interface FramesFile {
  frames: Frame[];
  frameBytes: number;
  bytes: Buffer;
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
  const grown = await readFrames(file);
  const { frames } = grown;
  const enough = wanted ?? frames[0]?.availableChunks ?? Infinity;
  const whole = Math.min(frames.length, enough);
  const kept = frames.slice(0, whole - (whole % perBatch));
  if (frames.length < enough) {
    await keepFrames(file, kept.length, grown);
    return { frames: kept, isComplete: false, hasMore: false };
  }
  const found = await firstFrames(file, enough, perBatch);
  return found ? { frames: found, isComplete: true, hasMore: false } : { frames: kept, isComplete: false, hasMore: true };
}

/** How many chunks of an evaluation are done that {@link wholeFrames} would find, without touching the file. */
export async function wholeChunks(file: string, wanted: number | null, perBatch: number): Promise<number> {
  const { frames } = await readFrames(file);
  const enough = wanted ?? frames[0]?.availableChunks ?? Infinity;
  return frames.length >= enough ? enough : frames.length - (frames.length % perBatch);
}

/** File of the last chunks of an evaluation of so many, where in the file that grew they are part of another batch. */
export function lastFramesFile(file: string, count: number): string {
  return `${file}-last-of-${count}`;
}

/**
 * The frames of so many chunks, as a run of just these has them.
 *
 * @returns null when they are not all there
 */
export async function firstFrames(file: string, count: number, perBatch: number): Promise<Frame[] | null> {
  const { frames } = await readFrames(file);
  if (frames.length < count) return null;
  if (isComposed(frames, count, perBatch)) return frames.slice(0, count);
  const whole = count - (count % perBatch);
  const last = (await readFrames(lastFramesFile(file, count), whole)).frames;
  return last.length === count - whole ? [...frames.slice(0, whole), ...last] : null;
}

/** How many chunks are evaluated together. */
export function chunksPerBatch({ batch, context }: { batch: number; context: number }): number {
  return Math.max(1, Math.floor(batch / context));
}

/**
 * Whether the last of so many chunks were evaluated in a batch of as many as a run of just these has: in a batch of three,
 * the last token of each chunk comes out another than in one of four. A release that does not batch evaluates each alone.
 */
export function isComposed(frames: readonly Frame[], count: number, perBatch: number): boolean {
  const rest = count % perBatch;
  const last = frames.slice(count - rest, count);
  return [rest, 1].some((together) => last.every(({ batchChunks }) => batchChunks === together));
}

/**
 * Cut a file of frames behind so many of them.
 *
 * @param grown what it holds, where that was just read
 */
export async function keepFrames(file: string, count: number, grown?: FramesFile): Promise<void> {
  const { bytes, frameBytes } = grown ?? (await readFrames(file));
  if (bytes.length > 0) await writeAtomic(file, bytes.subarray(0, count * frameBytes));
}

/** Bytes of frames that are read; a hundred thousand chunks of 512 tokens with a reference have as many. */
const mostBytes = 2 ** 30;

/**
 * The whole frames of a file, as far as every likelihood is a finite number.
 *
 * @param first chunk of the text that the file must begin with; null for any
 * @returns the frames, how many bytes each has, and the file's
 * @throws UserError when there are more than any text makes: they are removed, so that they do not stand in the way for ever
 */
export async function readFrames(file: string, first: number | null = 0): Promise<FramesFile> {
  const size = await stat(file).then((status) => status.size, () => 0);
  if (size > mostBytes) {
    await rm(file, { force: true });
    throw new UserError(`llama-perplexity wrote ${size} bytes of frames, more than any text makes: it is out of order; they were removed`);
  }
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  const { frames, wholeBytes } = decodeFrames(bytes);
  if (frames.length === 0 || (first !== null && frames[0]!.chunk !== first)) return { frames: [], frameBytes: 0, bytes };
  const wrong = frames.findIndex(({ nll, reference }) => !nll.every(Number.isFinite) || reference?.kld.every(Number.isFinite) === false);
  return { frames: wrong < 0 ? frames : frames.slice(0, wrong), frameBytes: wholeBytes / frames.length, bytes };
}
