import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Build, ensureBuild, studyPrograms } from "../../harness/build/build.ts";
import { storeBuild } from "../../harness/build/record.ts";
import { cacheFolder } from "../../harness/paths.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";

/**
 * A cache folder that a command finds the real build in, with a shell script around each of its programs: for what real programs do
 * only by accident, in commands that are started as people start them.
 *
 * @param cache a new folder, for the command's QUANTFLEX_CACHE
 * @param scripts shell scripts by program, which may `exec "$real" "$@"`; the others are the real ones
 */
export async function cacheOfWrapped(cache: string, scripts: Readonly<Record<string, string>>): Promise<Build> {
  const release = await releaseNamed();
  const build = await ensureBuild("patched", { release, targets: studyPrograms });
  const folder = path.join(cache, "wrappers");
  await mkdir(folder, { recursive: true });
  // Where it is known from what the patches make.
  await symlink(path.join(cacheFolder(), "sources"), path.join(cache, "sources"));
  for (const name of studyPrograms) {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\nreal='${build.binary(name)}'\n${scripts[name] ?? 'exec "$real" "$@"'}\n`);
    await chmod(file, 0o755);
  }
  const { variant, release: tag, key, tree, libraryHash, compiler, cmakeFlags, cpu, features, backend, tools } = build;
  await storeBuild(path.join(cache, "binaries", key), folder, { variant, release: tag, key, tree, libraryHash, compiler, cmakeFlags, cpu, features, backend, tools }, studyPrograms);
  return build;
}
