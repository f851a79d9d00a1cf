import { alignedTable } from "../alignedTable.ts";
import type { Patch } from "./series.ts";
import { gitIn } from "./git.ts";
import { applyPatches } from "./patches.ts";
import type { Release } from "./releases.ts";

/** How a patch fared on another release than it was made for. */
export interface Attempt {
  patch: Patch;
  outcome: "applies" | "merges" | "conflicts";
  /** Files with conflicts. */
  files: string[];
}

/**
 * Applies patches one after another in a work tree: as they stand, else by three-way merge. One that
 * conflicts is left out, so that those after it are tried all the same.
 */
export async function attemptPatches(folder: string, patches: readonly Patch[], release: Release): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (const patch of patches) attempts.push(await attempt(folder, patch, release));
  return attempts;
}

async function attempt(folder: string, patch: Patch, release: Release): Promise<Attempt> {
  try {
    await applyPatches(folder, [patch], release);
    return { patch, outcome: "applies", files: [] };
  } catch {
    // Then by merging.
  }
  const git = gitIn(folder);
  try {
    await applyPatches(folder, [patch], release, { threeWay: true });
    return { patch, outcome: "merges", files: [] };
  } catch {
    const files = (await git.raw(["diff", "--name-only", "--diff-filter=U"])).split("\n").filter(Boolean);
    await git.raw(["am", "--abort"]);
    return { patch, outcome: "conflicts", files };
  }
}

/** The attempts as a table in text, a line a patch. */
export function attemptTable(attempts: readonly Attempt[]): string {
  const outcomes = { applies: "applies", merges: "applies after a merge", conflicts: "conflicts" };
  const rows = attempts.map(({ patch, outcome, files }) => [
    `  ${patch.series}/${patch.name.replace(/\.patch$/, "")}`,
    `${outcomes[outcome]}${files.length > 0 ? ` in ${files.join(", ")}` : ""}`,
  ]);
  return alignedTable(rows, () => false);
}
