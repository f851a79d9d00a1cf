import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { nameHasEnded, processName } from "./processes.ts";

/**
 * Gives a task a new folder for large files, and removes it when the task has ended (or leaves it be, if
 * the task has moved it). Folders with the same prefix that killed processes of this host left are removed first, if they
 * can be: of another host's processes nothing is known here.
 *
 * @param parent where the folder is made, such as the cache's `scratch`; made if need be
 * @param prefix what it is for: the folder's name is `prefix-HOST-PROCESS-BEGINNING-xxxxxx`
 */
export async function withScratch<T>(parent: string, prefix: string, task: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const [, owner] = (name.startsWith(`${prefix}-`) && /^(.*)-[^-]*$/.exec(name.slice(prefix.length + 1))) || [];
    if (owner !== undefined && (await nameHasEnded(owner))) await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
  const folder = await mkdtemp(path.join(parent, `${prefix}-${await processName()}-`));
  try {
    return await task(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
