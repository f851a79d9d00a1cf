import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";

/**
 * Gives a task a folder in the cache for large files, and removes it when the task has ended. Folders of
 * processes that were killed before they could do so are removed first.
 */
export async function withScratch<T>(cache: string, task: (folder: string) => Promise<T>): Promise<T> {
  const parent = path.join(cache, "scratch");
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = /^bench-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner))) await rm(path.join(parent, name), { recursive: true, force: true });
  }
  const folder = await mkdtemp(path.join(parent, `bench-${process.pid}-`));
  try {
    return await task(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
