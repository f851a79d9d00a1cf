import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../../harness/paths.ts";

/** The cache of unit tests: downloads are the real cache's, but it holds no binaries. */
export const cacheWithoutBuilds = path.join(cacheFolder(), "without-builds");

/**
 * Before unit tests: a file stands where builds would be, so that neither a test nor what it starts can build
 * llama.cpp, nor find one that was built before.
 */
export default async function withoutBuilds(): Promise<void> {
  await mkdir(cacheWithoutBuilds, { recursive: true });
  await writeFile(path.join(cacheWithoutBuilds, "builds"), "Unit tests build nothing.\n");
  const bundles = path.join(cacheFolder(), "bundles");
  await mkdir(bundles, { recursive: true });
  await symlink(bundles, path.join(cacheWithoutBuilds, "bundles")).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
