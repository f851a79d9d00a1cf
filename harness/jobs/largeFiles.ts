import { copyFile, link, mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { keptFile, cacheStore } from "../store/store.ts";
import type { StepRecord } from "../store/record.ts";

/** Bytes of large files that are kept in all; those not used for longest go first. */
const most = 4e9;

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
    await link(kept, own).catch(async (error: NodeJS.ErrnoException) => {
      // The job has it already.
      if (error.code === "EEXIST") return;
      if (error.code !== "EXDEV" && error.code !== "EPERM") throw error;
      await copyFile(kept, own);
    });
    await utimes(kept, new Date(), new Date());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  return keptFile(path.dirname(own), role, record);
}

/**
 * Keep a job's large file for others, as long as there is room for it among theirs: by a link, so that it is the job's all
 * the same. On a file system without links it is not kept.
 */
export async function keepLarge(key: string, role: string, file: string): Promise<void> {
  const { size } = await stat(file);
  if (size > most) return;
  const kept = path.join(keptFolder(), keptName(key, role));
  await mkdir(path.dirname(kept), { recursive: true });
  // What lies there by that name may be damaged.
  await rm(kept, { force: true });
  await link(file, kept).catch((error: NodeJS.ErrnoException) => {
    if (!["EXDEV", "EPERM", "EEXIST", "ENOTSUP"].includes(error.code ?? "")) throw error;
  });
  await trim();
}

async function trim(): Promise<void> {
  const folder = keptFolder();
  const names = await readdir(folder);
  const files = (await Promise.all(names.map(async (name) => {
    const file = path.join(folder, name);
    const status = await stat(file).catch(() => null);
    return status ? [{ file, bytes: status.size, used: status.mtimeMs }] : [];
  }))).flat().sort((left, right) => right.used - left.used);
  let sum = 0;
  for (const { file, bytes } of files) if ((sum += bytes) > most) await rm(file, { force: true });
}
