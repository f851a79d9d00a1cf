import { copyFile, link, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { diskOf } from "../fileError.ts";
import { cacheFolder, cacheIsWritable } from "../paths.ts";
import { withScratch } from "../scratch.ts";
import type { StepRecord } from "../store/record.ts";
import { cacheStore, keptFile, stepFolder } from "../store/store.ts";
import { entriesOf, isFresh, markUsed, trimFolder } from "../trim.ts";

/** Bytes of large files that are kept in all; those not used for longest go first. */
export const mostKept = 4e9;

/** The same of what a step gives that results folders share, such as a model's predictions, but for what was used in the last two days. */
const mostShared = 40e9;

function keptFolder(): string {
  return path.join(cacheStore(), "large");
}

function keptName(key: string, role: string): string {
  return `${key}-${role}`;
}

/**
 * A large file that an earlier job made and kept: linked into a job's own folder, where nobody takes it away.
 *
 * @returns null when it is gone or not what was made
 */
export async function largeFile(record: StepRecord, role: string, folder: string): Promise<string | null> {
  const name = keptName(record.key, role);
  const kept = path.join(keptFolder(), name);
  const own = path.join(folder, name, role);
  await mkdir(path.dirname(own), { recursive: true });
  try {
    // It is there already when another step of the job needed it.
    await linkOrCopy(kept, own).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    await utimes(kept, new Date(), new Date()).catch(() => undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const whole = await keptFile(path.dirname(own), role, record);
  if (whole === null) await rm(own, { force: true });
  return whole;
}

/**
 * Keep a large file for whoever needs it next, as long as there is room for it among the others. Where it lies it stays,
 * by another name.
 */
export async function keepLarge(key: string, role: string, file: string): Promise<void> {
  const { size } = await stat(file);
  if (size > mostKept || !cacheIsWritable()) return;
  await mkdir(keptFolder(), { recursive: true });
  await withScratch(path.join(cacheFolder(), "scratch"), "large", async (folder) => {
    const other = path.join(folder, role);
    await linkOrCopy(file, other);
    await rename(other, path.join(keptFolder(), keptName(key, role)));
  });
  await trimFolder(keptFolder(), mostKept);
}

/** Files of a job are never written again once they are there. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EXDEV" && error.code !== "EPERM") throw error;
    await copyFile(from, to);
  });
}

/** Removes all of them that lie on a disk with one of these folders, which has no room left: they can be made again. @returns whether there were any */
export async function giveUpLarge(...folders: string[]): Promise<boolean> {
  if (!folders.map(diskOf).includes(diskOf(keptFolder()))) return false;
  const names = await readdir(keptFolder()).catch(() => []);
  for (const name of names) await rm(path.join(keptFolder(), name), { force: true });
  return names.length > 0;
}

/** Bytes of the large files that would be given up. */
export async function largeBytes(): Promise<number> {
  return (await entriesOf(keptFolder())).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Whether a large file is kept, whole or not. */
export async function isLargeKept(key: string, role: string): Promise<boolean> {
  return stat(path.join(keptFolder(), keptName(key, role))).then(() => true, () => false);
}

/** Bounds what results folders share of a step, of which one was just made. */
export async function trimShared(step: string): Promise<void> {
  await trimFolder(path.join(cacheStore(), step), mostShared, isFresh);
}

/** Marks what a step gave as used, where it is shared. */
export async function markShared(step: string, key: string): Promise<void> {
  await markUsed(path.join(stepFolder(cacheStore(), step, key), "record.json"));
}
