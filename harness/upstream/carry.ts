import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { stopSignal } from "../process/interrupt.ts";
import { gitIn } from "./git.ts";
import type { Release } from "./releases.ts";
import { baseReference } from "./repository.ts";
import { pruneWorktrees } from "./scratchWorktree.ts";
import type { Patch } from "./series.ts";
import { divider } from "./workshop.ts";

/**
 * Makes a work tree of a release with all patches applied by three-way merge, as import would: base,
 * divider, hooks. At the first conflict it is left in the middle of `git am`, with the rest queued.
 *
 * @returns whether it stopped at a conflict
 */
export async function carryOver(repository: string, folder: string, patches: readonly Patch[], release: Release): Promise<boolean> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.dirname(folder), { recursive: true });
  await pruneWorktrees(repository);
  await gitIn(repository).raw(["worktree", "add", "--quiet", "--detach", "--force", folder, baseReference]);
  const git = gitIn(folder);
  await git.raw(["update-ref", "refs/worktree/imported", baseReference]);
  const gitFolder = await git.raw(["rev-parse", "--absolute-git-dir"]);
  const border = path.join(gitFolder, "divider");
  try {
    await writeFile(border, dividerMail(release));
    const of = (series: string): string[] => patches.filter((patch) => patch.series === series).map(({ file }) => file);
    const flags = ["--quiet", "--keep-non-patch", "--keep-cr", "--committer-date-is-author-date", "--no-gpg-sign", "--empty=keep", "--3way"];
    await git.raw(["am", ...flags, ...of("base"), border, ...of("pablo")]);
    return false;
  } catch (error) {
    if (!stopSignal()?.aborted && existsSync(path.join(gitFolder, "rebase-apply"))) return true;
    await rm(folder, { recursive: true, force: true });
    await pruneWorktrees(repository);
    throw error;
  } finally {
    await rm(border, { force: true });
  }
}

function dividerMail({ date }: Release): string {
  const [, weekday, day, month, year] = /^(\w+), (\d+) (\w+) (\d+)/.exec(new Date(`${date}T00:00:00Z`).toUTCString())!;
  return `From ${"0".repeat(40)} Mon Sep 17 00:00:00 2001\nFrom: quantflex <quantflex@localhost>\nDate: ${weekday}, ${day} ${month} ${year} 00:00:00 +0000\nSubject: ${divider}\n\n\n`;
}
