import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isLeftBy, processName } from "./processes.ts";

/** Milliseconds between two signs of life of a folder, which other machines go by. */
const pulse = 3_600_000;

/**
 * Gives a task a new folder for large files, and removes it when the task has ended (or leaves it be, if
 * the task has moved it). Folders with the same prefix that killed processes of this machine left are removed first, if they
 * can be; of others', about whose processes nothing is known here, those that gave no sign of life for two days.
 *
 * @param parent where the folder is made, such as the cache's `scratch`; made if need be
 * @param prefix what it is for: the folder's name is `prefix-HOST-PROCESS-…-xxxxxx`
 */
export async function withScratch<T>(parent: string, prefix: string, task: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const [, owner] = (name.startsWith(`${prefix}-`) && /^(.*)-[^-]*$/.exec(name.slice(prefix.length + 1))) || [];
    const folder = path.join(parent, name);
    if (owner !== undefined && (await isLeftBy(owner, folder))) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
  const folder = await mkdtemp(path.join(parent, `${prefix}-${processName()}-`));
  const timer = setInterval(() => void giveSign(folder).catch(() => undefined), pulse);
  try {
    return await task(folder);
  } finally {
    clearInterval(timer);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A name that comes and goes gives its folder the time of whoever holds it, as others see it; a clock of this machine's they need not believe. */
async function giveSign(folder: string): Promise<void> {
  const sign = path.join(folder, ".sign");
  await writeFile(sign, "");
  await rm(sign, { force: true });
}
