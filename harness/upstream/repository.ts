import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { withLock } from "../process/lock.ts";
import { fetchRelease } from "./fetch.ts";
import { gitIn, resolve } from "./git.ts";
import { lockFile, type Project, type Say } from "./project.ts";
import type { Release } from "./releases.ts";
import { submoduleFolder, submoduleTree } from "./submodule.ts";

/** The commit that patches are applied to: the release's tree, without history. */
export const baseReference = "refs/quantflex/base";

/** Folder of the bare repository that holds a release, its patched commits and its work trees. */
export function repositoryFolder(project: Project, release: Release): string {
  return path.join(project.cache, "sources", `${release.tag}.git`);
}

/** Whether the cache has a release's repository, whole. */
export async function hasRepository(project: Project, release: Release): Promise<boolean> {
  const folder = repositoryFolder(project, release);
  if (!existsSync(path.join(folder, "HEAD"))) return false;
  return (await resolve(gitIn(folder), `${baseReference}^{tree}`)) === release.tree;
}

/**
 * A bare repository with one release, in the cache: work trees hang on it and not on `llama.cpp/`,
 * so that builds outlive a checkout of the project and nothing is ever written there. Its base
 * commit is made from the release's tree alone, with fixed author and dates: patched commits have the
 * same ids wherever the source came from.
 *
 * @throws {UserError} see {@link fetchRelease}
 */
export async function ensureRepository(project: Project, release: Release, report: Say): Promise<string> {
  const folder = repositoryFolder(project, release);
  if (await hasRepository(project, release)) return folder;
  return withLock(
    lockFile(project, `source-${release.tag}`),
    async () => {
      if (!(await hasRepository(project, release))) await create(project, release, folder, report);
      return folder;
    },
    { onWait: () => report(`waiting for another process that fetches llama.cpp ${release.tag}`) },
  );
}

async function create(project: Project, release: Release, folder: string, report: Say): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.dirname(folder), { recursive: true });
  if ((await submoduleTree(project)) === release.tree) {
    const parent = gitIn(path.dirname(folder));
    await parent.raw(["clone", "--quiet", "--bare", "--template=", submoduleFolder(project), folder]);
  } else {
    await mkdir(folder);
    await gitIn(folder).raw(["init", "--quiet", "--bare", "--template="]);
    await fetchRelease(project, release, folder, report);
  }
  // The reference is written last: without it the repository counts as not there.
  await gitIn(folder).raw(["update-ref", baseReference, await baseCommit(release, folder)]);
}

async function baseCommit(release: Release, folder: string): Promise<string> {
  const date = `${release.date}T00:00:00+00:00`;
  const identity = { GIT_AUTHOR_NAME: "llama.cpp", GIT_AUTHOR_EMAIL: "llama.cpp@localhost", GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  return gitIn(folder, { environment: identity }).raw(["commit-tree", release.tree, "-m", `llama.cpp ${release.tag}`]);
}
