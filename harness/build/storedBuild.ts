import { knownCommit } from "../upstream/patches.ts";
import { thisProject } from "../upstream/project.ts";
import type { Release } from "../upstream/releases.ts";
import { binariesFolder, type Build, programName, toBuild } from "./build.ts";
import { readCpu } from "./cpu.ts";
import { hashLibrary } from "./library.ts";
import { portableCpu } from "./portable.ts";
import { readRecord } from "./record.ts";

/**
 * A build by its key, as it lies in the cache, whichever machine has made it: neither compilers nor sources are looked at.
 *
 * @returns null where its programs are not there or not whole
 */
export async function storedBuild(key: string, targets: readonly string[], release: Release): Promise<Build | null> {
  const folder = binariesFolder(thisProject(), key);
  const record = await readRecord(folder, key, targets.map((target) => programName(release, target)));
  return record ? toBuild(release, folder, record) : null;
}

/** Whether this machine's processor is of the kind that a build was made for. @throws UserError one that is too old for a portable build */
export async function isForThisProcessor({ backend, features }: Pick<Build, "backend" | "features">): Promise<boolean> {
  const cpu = await readCpu();
  return features === (backend === "portable" ? portableCpu(cpu) : cpu).features;
}

/** Whether a build is of the patches and the library as they are in this checkout. @throws UserError a series that cannot be read */
export async function isCurrent({ variant, tree, libraryHash }: Pick<Build, "variant" | "tree" | "libraryHash">, release: Release): Promise<boolean> {
  const project = thisProject();
  const known = await knownCommit(project, release, variant);
  return known?.tree === tree && (variant === "upstream" || (await hashLibrary(project, [])).libraryHash === libraryHash);
}
