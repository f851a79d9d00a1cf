import { stat } from "node:fs/promises";
import path from "node:path";
import { frameBytes } from "../parse/frames.ts";
import { partFiles, partNames } from "./partFrames.ts";

/** Files with frames of an evaluation, that of the whole first, by the path of that; some may not be there. */
export type FramesFiles = (growing: string) => Promise<readonly string[]>;

/** Looks such files up, those of parts too; reads each folder once, of however many evaluations it is asked. */
export function framesFiles(): FramesFiles {
  const known = new Map<string, Promise<readonly string[]>>();
  return async (growing) => {
    const folder = path.dirname(growing);
    const names = known.get(folder) ?? partNames(folder);
    known.set(folder, names);
    return [growing, ...(await partFiles(growing, names)).map(({ file }) => file)];
  };
}

/** A file of frames, as its size tells. */
export interface FramesSeen {
  file: string;
  /** Whole frames. */
  chunks: number;
  /** When something was written into it last, by the clock of the file system. */
  written: Date;
}

/** What such files have, by their sizes alone; those that are there. */
export async function lookAtFrames(files: readonly string[], asked: Parameters<typeof frameBytes>[0]): Promise<FramesSeen[]> {
  const found = await Promise.all(files.map(async (file): Promise<FramesSeen[]> => {
    const seen = await stat(file).catch(() => null);
    return seen ? [{ file, chunks: Math.floor(seen.size / frameBytes(asked)), written: seen.mtime }] : [];
  }));
  return found.flat();
}

/** About how many chunks such files have. */
export async function chunksBySize(files: readonly string[], asked: Parameters<typeof frameBytes>[0]): Promise<number> {
  return (await lookAtFrames(files, asked)).reduce((sum, { chunks }) => sum + chunks, 0);
}
