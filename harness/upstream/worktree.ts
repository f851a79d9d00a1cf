import { existsSync, realpathSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { withLock } from "../process/lock.ts";
import { gitIn, resolve } from "./git.ts";
import { patchedCommit } from "./patches.ts";
import { lockFile, thisProject, type Project, type Say } from "./project.ts";
import type { Release } from "./releases.ts";
import { repositoryFolder } from "./repository.ts";
import type { Variant } from "./series.ts";

/** A folder with a variant's source checked out. */
export interface Worktree {
  folder: string;
  /** Hash of the tree that is checked out. */
  tree: string;
}

/**
 * Checks a variant's patched source out in `folder`. A work tree already there is updated in place:
 * only files that differ are written, so that a build in it stays incremental. One that is
 * broken, half made or of another repository is made anew.
 *
 * @throws {UserError} see patchedCommit; or the folder cannot be made to hold the tree
 */
export async function patchedWorktree(
  release: Release,
  variant: Variant,
  folder: string,
  options: { project?: Project; report?: Say } = {},
): Promise<Worktree> {
  const { project = thisProject(), report = () => {} } = options;
  const { commit, tree } = await patchedCommit(project, release, variant, report);
  if (await update(folder, commit, tree, repositoryFolder(project, release))) return { folder, tree };

  report(`checking out llama.cpp ${release.tag} (${variant})`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.dirname(folder), { recursive: true });
  const git = gitIn(repositoryFolder(project, release));
  await withLock(lockFile(project, `worktrees-${release.tag}`), async () => {
    await git.raw(["worktree", "prune"]);
    await git.raw(["worktree", "add", "--quiet", "--detach", "--force", folder, commit]);
  });
  if (await update(folder, commit, tree, repositoryFolder(project, release))) return { folder, tree };
  throw new UserError(`${folder} could not be made to hold tree ${tree} of llama.cpp ${release.tag}. Is the disk full?`);
}

/** Brings an existing work tree to `commit`; false if there is none, or it cannot be. */
async function update(folder: string, commit: string, tree: string, repository: string): Promise<boolean> {
  if (!existsSync(path.join(folder, ".git"))) return false;
  const git = gitIn(folder);
  try {
    const [top, common] = (await git.raw(["rev-parse", "--show-toplevel", "--git-common-dir"])).split("\n");
    if (!top || !common || realpathSync(top) !== realpathSync(folder)) return false;
    if (realpathSync(path.resolve(folder, common)) !== realpathSync(repository)) return false;
    await git.raw(["reset", "--quiet", "--hard", commit]);
    await git.raw(["clean", "--quiet", "-ffdx"]);
    return (await resolve(git, "HEAD^{tree}")) === tree && (await git.raw(["status", "--porcelain"])) === "";
  } catch {
    return false;
  }
}
