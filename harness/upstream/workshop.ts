import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { gitIn, resolve } from "./git.ts";
import { applyPatches } from "./patches.ts";
import type { Project, Say } from "./project.ts";
import type { Release } from "./releases.ts";
import { baseReference, ensureRepository } from "./repository.ts";
import { pruneWorktrees } from "./scratchWorktree.ts";
import { readSeries, seriesFolder } from "./series.ts";

/** Title of the empty commit between the base patches and the hooks, by which export tells them apart. */
export const divider = "=== base patches are below, pablo patches above ===";

/** Folder in which a release's patches are edited as commits, unless another is named. */
export function workshopFolder(project: Project, release: Pick<Release, "tag">): string {
  return path.join(project.cache, "patches", release.tag);
}

/**
 * Makes a work tree in which a release's patches are commits, ready to be edited with git: the base
 * patches, an empty commit as divider, the hooks. `refs/quantflex/base` is the release itself.
 * If a patch does not apply, no work tree is left.
 *
 * @returns the folder
 * @throws {UserError} see {@link assertReplaceable}; a patch does not apply
 */
export async function importPatches(project: Project, release: Release, folder: string, report: Say): Promise<string> {
  await assertReplaceable(folder);
  const repository = await ensureRepository(project, release, report);
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.dirname(folder), { recursive: true });
  await pruneWorktrees(repository);
  await gitIn(repository).raw(["worktree", "add", "--quiet", "--detach", "--force", folder, baseReference]);
  try {
    await applyPatches(folder, await readSeries(seriesFolder(project, release, "base"), "base"), release);
    await commitDivider(folder, release);
    await applyPatches(folder, await readSeries(seriesFolder(project, release, "pablo"), "pablo"), release);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    await pruneWorktrees(repository);
    throw error;
  }
  const imported = (await resolve(gitIn(folder), "HEAD"))!;
  await gitIn(folder).raw(["update-ref", "refs/worktree/imported", imported]);
  return folder;
}

/** Remembers the work tree's state as exported: importing over it loses nothing. */
export async function markExported(folder: string): Promise<void> {
  await gitIn(folder).raw(["update-ref", "refs/worktree/imported", "HEAD"]);
}

/**
 * Makes sure that a folder may be deleted for a work tree to be put there.
 *
 * @throws {UserError} unless it is missing, empty, or a work tree that import made with all work in it exported
 */
export async function assertReplaceable(folder: string): Promise<void> {
  if (!existsSync(folder) || (await readdir(folder).then((files) => files.length === 0, () => false))) return;
  const git = existsSync(path.join(folder, ".git")) && gitIn(folder);
  const imported = git && (await resolve(git, "refs/worktree/imported"));
  if (!imported) {
    throw new UserError(`${folder} holds something else than a work tree made by \`npm run patches\`. Nothing in it was touched: name another folder (--folder), or move it away.`);
  }
  const [head, changes] = await Promise.all([resolve(git, "HEAD"), git.raw(["status", "--porcelain"]).catch((error: Error) => error.message)]);
  if (changes || head !== imported) {
    throw new UserError(`${folder} holds changes that were not exported. Run \`npm run patches -- export\`, or delete the folder.`);
  }
}

async function commitDivider(folder: string, release: Release): Promise<void> {
  const date = `${release.date}T00:00:00+00:00`;
  const identity = { GIT_AUTHOR_NAME: "quantflex", GIT_AUTHOR_EMAIL: "quantflex@localhost", GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  await gitIn(folder, { environment: identity }).raw(["commit", "--quiet", "--allow-empty", "--no-verify", "-m", divider]);
}
