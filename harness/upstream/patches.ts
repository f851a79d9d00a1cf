import { realpathSync } from "node:fs";
import type { SimpleGit } from "simple-git";
import { UserError } from "../errors.ts";
import { withLock } from "../process/lock.ts";
import { gitIn, resolve } from "./git.ts";
import { lockFile, type Project, type Say } from "./project.ts";
import type { Release } from "./releases.ts";
import { baseReference, ensureRepository, hasRepository, repositoryFolder } from "./repository.ts";
import { withScratchWorktree } from "./scratchWorktree.ts";
import { type Patch, readVariant, seriesHash, type Variant } from "./series.ts";

/** A commit with a release's patches applied. */
export interface PatchedCommit {
  commit: string;
  tree: string;
}

/**
 * The patched commit of a variant, if these very patches were imported before: the patches' content is
 * looked at, git is not run on them.
 *
 * @throws {UserError} a series that cannot be read
 */
export async function knownCommit(project: Project, release: Release, variant: Variant): Promise<PatchedCommit | undefined> {
  const reference = referenceOf(release, await readVariant(project, release, variant));
  if (!(await hasRepository(project, release))) return undefined;
  return lookUp(gitIn(repositoryFolder(project, release)), reference);
}

/**
 * Imports a variant's patches onto the release in the cache's repository, unless that was done before.
 * The same patches give the same commit and tree on every machine.
 *
 * @throws {UserError} no source; a series that cannot be read; a patch that does not apply
 */
export async function patchedCommit(project: Project, release: Release, variant: Variant, report: Say): Promise<PatchedCommit> {
  const patches = await readVariant(project, release, variant);
  const reference = referenceOf(release, patches);
  const repository = await ensureRepository(project, release, report);
  const git = gitIn(repository);
  const known = await lookUp(git, reference);
  if (known) return known;

  return withLock(lockFile(project, `import-${release.tag}`), async () => {
    const already = await lookUp(git, reference);
    if (already) return already;
    report(`applying ${patches.length} patches to llama.cpp ${release.tag}`);
    const commit = await importInScratch(project, repository, patches, release);
    await git.raw(["update-ref", reference, commit]);
    return (await lookUp(git, reference))!;
  });
}

function referenceOf(release: Release, patches: Patch[]): string {
  return `refs/quantflex/series/${seriesHash(release, patches)}`;
}

async function lookUp(git: SimpleGit, reference: string): Promise<PatchedCommit | undefined> {
  const [commit, tree] = await Promise.all([resolve(git, reference), resolve(git, `${reference}^{tree}`)]);
  return commit && tree ? { commit, tree } : undefined;
}

/** Imports in a work tree of its own, so that a build's work tree sees only the files that differ in the end. */
async function importInScratch(project: Project, repository: string, patches: Patch[], release: Release): Promise<string> {
  if (patches.length === 0) return (await resolve(gitIn(repository), baseReference))!;
  return withScratchWorktree(project, repository, "import", async (folder) => {
    await applyPatches(folder, patches, release);
    return (await resolve(gitIn(folder), "HEAD"))!;
  });
}

/**
 * Applies patches as commits in a work tree. One that does not apply is aborted, those before it stay.
 *
 * @param options `threeWay` leaves conflicts to resolve instead of aborting
 * @throws {UserError} naming the patch, with git's reason
 */
export async function applyPatches(folder: string, patches: Patch[], release: Release, options: { threeWay?: boolean } = {}): Promise<void> {
  const git = gitIn(folder);
  const top = await git.raw(["rev-parse", "--show-toplevel"]);
  if (realpathSync(top) !== realpathSync(folder)) throw new UserError(`${folder} is not the top of a git work tree; patches are not applied to ${top}.`);
  const way = options.threeWay ? "--3way" : "--no-3way";
  for (const { series, name, file } of patches) {
    const before = await resolve(git, "HEAD");
    try {
      await git.raw(["am", "--quiet", "--keep-non-patch", "--keep-cr", "--committer-date-is-author-date", "--no-gpg-sign", way, file]);
    } catch (error) {
      if (!options.threeWay) await git.raw(["am", "--abort"]).catch(() => undefined);
      throw new UserError(`${series}/${name} does not apply to llama.cpp ${release.tag}:\n${(error as Error).message.trim()}`);
    }
    const count = await git.raw(["rev-list", "--count", `${before}..HEAD`]);
    if (count !== "1") throw new UserError(`${file} holds ${count} commits. One patch file is one commit; export the series again.`);
  }
}
