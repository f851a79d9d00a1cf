import { withScratch } from "../scratch.ts";
import { gitIn } from "./git.ts";
import { scratchFolder, type Project } from "./project.ts";
import { baseReference } from "./repository.ts";

/** Lets a repository forget work trees whose folders are gone; does so after an interruption too. */
export async function pruneWorktrees(repository: string): Promise<void> {
  await gitIn(repository, { unstoppable: true }).raw(["worktree", "prune"]);
}

/**
 * Checks a release out for a task alone, in a work tree that is gone when the task has ended.
 *
 * @param repository made by ensureRepository
 * @param purpose becomes a part of the folder's name
 */
export async function withScratchWorktree<T>(project: Project, repository: string, purpose: string, task: (folder: string) => Promise<T>): Promise<T> {
  try {
    return await withScratch(scratchFolder(project), purpose, async (folder) => {
      await gitIn(repository).raw(["worktree", "add", "--quiet", "--detach", "--force", folder, baseReference]);
      return task(folder);
    });
  } finally {
    await pruneWorktrees(repository);
  }
}
