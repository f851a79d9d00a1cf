import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { withScratch } from "../scratch.ts";
import { patchFiles, type SeriesFiles } from "./export.ts";
import { scratchFolder, type Project, type Say } from "./project.ts";
import type { Release } from "./releases.ts";
import { repositoryFolder } from "./repository.ts";
import { pruneWorktrees } from "./scratchWorktree.ts";
import { seriesFolder, type SeriesName } from "./series.ts";
import { importPatches } from "./workshop.ts";

/**
 * Checks that a release's patches are at their fixed point: imported and exported again, every file
 * of both folders must come out as it is.
 *
 * @throws {UserError} naming each file that differs; or a series that cannot be imported
 */
export async function checkPatches(project: Project, release: Release, report: Say): Promise<void> {
  try {
    const differences = await withScratch(scratchFolder(project), "check", async (parent) => {
      const folder = await importPatches(project, release, path.join(parent, "source"), report);
      const exported = await patchFiles(folder);
      return (await Promise.all((["base", "pablo"] as const).map((series) => differing(project, release, series, exported[series])))).flat();
    });
    if (differences.length === 0) return;
    throw new UserError(
      `These files of patches/${release.tag} change when they are imported and exported again: ${differences.join(", ")}. ` +
        `Run \`npm run patches -- import --release ${release.tag}\`, then \`export\`.`,
    );
  } finally {
    await pruneWorktrees(repositoryFolder(project, release)).catch(() => undefined);
  }
}

async function differing(project: Project, release: Release, series: SeriesName, files: SeriesFiles): Promise<string[]> {
  const folder = seriesFolder(project, release, series);
  const names = new Set([...files.keys(), ...(await readdir(folder))]);
  const differences: string[] = [];
  for (const name of names) {
    const stored = await readFile(path.join(folder, name)).catch(() => undefined);
    const expected = files.get(name);
    if (!stored || !expected?.equals(stored)) differences.push(`${series}/${name}`);
  }
  return differences;
}
