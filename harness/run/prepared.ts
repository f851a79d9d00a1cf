import { rename, stat } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../paths.ts";
import { type LockOptions, withLock } from "../process/lock.ts";
import { withScratch } from "../scratch.ts";

/**
 * A file in the cache folder that takes long to make, made once: by whoever comes first, under a lock,
 * and named only when it is whole. It may be deleted at any time; then it is made again.
 *
 * @param kind folder within the cache
 * @param name file name, which must say everything that determines the content
 * @param make makes it at the path that it gets, in a folder of its own
 * @param options what to do while another process makes it
 */
export async function preparedFile(
  kind: string,
  name: string,
  make: (file: string, folder: string) => Promise<void>,
  options: LockOptions,
): Promise<string> {
  const parent = path.join(cacheFolder(), kind);
  const file = path.join(parent, name);
  const isThere = async (): Promise<boolean> => (await stat(file).catch(() => null))?.isFile() ?? false;
  if (await isThere()) return file;
  return withLock(
    path.join(cacheFolder(), "locks", `${kind}-${name}`),
    async (held) => {
      held.throwIfAborted();
      if (await isThere()) return file;
      return withScratch(parent, "unfinished", async (folder) => {
        const unfinished = path.join(folder, name);
        await make(unfinished, folder);
        await rename(unfinished, file);
        return file;
      });
    },
    options,
  );
}

/** Does work at most once, when it is first asked for; a failure is not remembered. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}
