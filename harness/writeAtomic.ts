import { open, readdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileError } from "./fileError.ts";
import { isLeftBy, processName } from "./processes.ts";

let replaced = 0;

/**
 * Make a file beside its place and put it there when it is whole. What is a link is replaced, not followed: its target belongs
 * to whoever set it.
 *
 * @param make writes the file at the path that it gets; what it throws comes through, and nothing is left behind
 */
export async function replaceFile(file: string, make: (partial: string) => Promise<void>): Promise<void> {
  const partial = path.join(path.dirname(file), `.${processName()}.${++replaced}.partial`);
  try {
    await make(partial);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Write a file so that there is the old one or the whole new one at any time, as {@link replaceFile} does.
 *
 * @param options `fsync: false` for what can be made again
 * @throws UserError naming the file, and of a full disk the bytes needed and free
 */
export async function writeAtomic(file: string, content: string | Uint8Array, { fsync = true }: { fsync?: boolean } = {}): Promise<void> {
  await replaceFile(file, async (partial) => {
    const handle = await open(partial, "wx");
    try {
      await handle.writeFile(content);
      if (fsync) await handle.sync();
    } finally {
      await handle.close();
    }
  }).catch((error: unknown) => {
    throw fileError(error, file, Buffer.byteLength(content));
  });
}

/** The same for a file that somebody named: where that is a link, what it leads to is written. */
export async function writeNamed(file: string, content: string): Promise<void> {
  await writeAtomic(await realpath(file).catch(() => path.resolve(file)), content);
}

/**
 * Write a file that nobody else sees.
 *
 * @throws UserError naming it: the system does not where writing fails, only where opening does
 */
export async function writeOwn(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(file, content).catch((error: unknown) => {
    throw fileError(error, file, Buffer.byteLength(content));
  });
}

/** Removes what processes that were killed left half written in a folder; what another machine's may have, after two days. */
export async function removePartial(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, owner] = /^\.(.*)\.\d+\.partial$/.exec(name) ?? [];
    const file = path.join(folder, name);
    if (owner !== undefined && (await isLeftBy(owner, file))) await rm(file, { force: true }).catch(() => undefined);
  }
}
