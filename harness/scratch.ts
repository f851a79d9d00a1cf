import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

/**
 * Gives a task a new folder for large files, and removes it when the task has ended (or leaves it be, if
 * the task has moved it). Folders with the same prefix that killed processes of this host left are removed first, if they
 * can be: of another host's processes nothing is known here.
 *
 * @param parent where the folder is made, such as the cache's `scratch`; made if need be
 * @param prefix what it is for: the folder's name is `prefix-HOST-PROCESS-xxxxxx`
 */
export async function withScratch<T>(parent: string, prefix: string, task: (folder: string) => Promise<T>): Promise<T> {
  const mine = `${prefix}-${hostname()}-`;
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(mine) && /^(\d+)-[^-]*$/.exec(name.slice(mine.length))?.[1];
    if (owner && !isRunning(Number(owner))) await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
  const folder = await mkdtemp(path.join(parent, `${mine}${process.pid}-`));
  try {
    return await task(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
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
