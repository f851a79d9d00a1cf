import { existsSync, realpathSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { withLock } from "../process/lock.ts";
import { fetchRelease } from "./fetch.ts";
import { gitIn, resolve } from "./git.ts";
import { lockFile, type Project, type Say } from "./project.ts";
import type { Release } from "./releases.ts";

/** Folder of the submodule. */
export function submoduleFolder(project: Project): string {
  return path.join(project.root, "llama.cpp");
}

/**
 * The tree that is checked out in the submodule's folder; undefined if the folder is missing, empty,
 * or its checkout was broken off. Git in an uninitialised submodule works on the parent repository,
 * so the folder must be a repository's top level itself.
 *
 * @throws {UserError} a folder with files in it that is no repository
 */
export async function submoduleTree(project: Project): Promise<string | undefined> {
  const folder = submoduleFolder(project);
  if (!existsSync(folder)) return undefined;
  const git = gitIn(folder);
  const top = await git.raw(["rev-parse", "--show-toplevel"]).catch(() => undefined);
  if (top && realpathSync(top) === realpathSync(folder)) return resolve(git, "HEAD^{tree}");
  const files = await readdir(folder);
  if (files.length === 0 || files.includes(".git")) return undefined;
  throw new UserError(`${folder} holds files but is no git repository. Move it away and run \`npm run setup\` again.`);
}

/**
 * Fills the submodule's folder with the pinned release. Already there and of the right tree:
 * nothing is done. The folder's files are never changed once they are there.
 *
 * @throws {UserError} the folder holds another tree (both hashes are named), or see {@link fetchRelease}
 */
export async function ensureSubmodule(project: Project, release: Release, report: Say): Promise<string> {
  const folder = submoduleFolder(project);
  if (await isFilled(project, release)) return folder;
  return withLock(
    lockFile(project, "submodule"),
    async () => {
      if (!(await isFilled(project, release))) await fill(project, release, folder, report);
      return folder;
    },
    { onWait: () => report("waiting for another process that fills llama.cpp/") },
  );
}

async function isFilled(project: Project, release: Release): Promise<boolean> {
  const tree = await submoduleTree(project);
  if (tree === undefined || tree === release.tree) return tree !== undefined;
  throw new UserError(
    `${submoduleFolder(project)} has tree ${tree}, but ${release.tag} has ${release.tree} (patches/upstreams.json). ` +
      "Run `git submodule update --init llama.cpp`, or move the folder away and run `npm run setup` again.",
  );
}

async function fill(project: Project, release: Release, folder: string, report: Say): Promise<void> {
  await mkdir(folder, { recursive: true });
  const git = gitIn(folder);
  if (!existsSync(path.join(folder, ".git"))) await git.raw(["init", "--quiet", "--template="]);
  const commit = await fetchRelease(project, release, folder, report);
  report(`checking out llama.cpp ${release.tag} in ${folder}`);
  if (!(await git.getRemotes()).some(({ name }) => name === "origin")) await git.addRemote("origin", project.url);
  // HEAD is written last, so a checkout that was broken off leaves none and is done again.
  await git.raw(["checkout", "--quiet", "--force", "--detach", commit]);
  const changed = await git.raw(["status", "--porcelain", "--untracked-files=no"]);
  if (changed) throw new UserError(`${folder} differs from what was checked out in it:\n${changed}`);
}
