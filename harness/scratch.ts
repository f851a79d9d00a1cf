import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";

/**
 * Gives a task a new folder for large files, and removes it when the task has ended (or leaves it be, if
 * the task has moved it). Folders with the same prefix that killed processes left are removed first, if they can be.
 *
 * @param parent where the folder is made, such as the cache's `scratch`; made if need be
 * @param prefix what it is for: the folder's name is `prefix-PROCESS-xxxxxx`
 */
export async function withScratch<T>(parent: string, prefix: string, task: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(`${prefix}-`) && /^(\d+)-[^-]*$/.exec(name.slice(prefix.length + 1))?.[1];
    if (owner && !isRunning(Number(owner))) await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
  const folder = await mkdtemp(path.join(parent, `${prefix}-${process.pid}-`));
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
