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

/** About how many chunks such files have, by their sizes alone. */
export async function chunksBySize(files: readonly string[], asked: Parameters<typeof frameBytes>[0]): Promise<number> {
  const bytes = await Promise.all(files.map((file) => stat(file).then(({ size }) => size, () => 0)));
  return Math.floor(bytes.reduce((sum, one) => sum + one, 0) / frameBytes(asked));
}
