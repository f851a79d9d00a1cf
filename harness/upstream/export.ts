import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { UserError } from "../errors.ts";
import { withScratch } from "../scratch.ts";
import { gitIn } from "./git.ts";
import type { Project } from "./project.ts";
import type { Release } from "./releases.ts";
import { baseReference } from "./repository.ts";
import { assertWholeMessage, seriesFolder, type SeriesName } from "./series.ts";
import { divider, markExported } from "./workshop.ts";

/** The files of a series' folder: name → content. Bytes, as sources need not be UTF-8. */
export type SeriesFiles = Map<string, Buffer>;

/**
 * What the commits of a work tree look like as patch files: those below the divider are `base`, those
 * above it `pablo`.
 *
 * @param folder work tree made by importPatches
 * @throws {UserError} uncommitted changes; no divider, or two; two commits whose titles give one file
 *   name; a merge or an empty commit; a message that an import would cut short
 */
export async function patchFiles(folder: string): Promise<Record<SeriesName, SeriesFiles>> {
  const git = gitIn(folder);
  if (existsSync(path.resolve(folder, await git.raw(["rev-parse", "--git-path", "rebase-apply"])))) {
    throw new UserError(`${folder} is in the middle of git am: the patches that follow would be lost. Finish it with \`git am --continue\`.`);
  }
  const changes = await git.raw(["status", "--porcelain"]);
  if (changes) throw new UserError(`${folder} has changes that are not committed:\n${changes}`);

  const log = await git.raw(["log", "--reverse", "--format=%H%x09%P%x09%s", `${baseReference}..HEAD`]);
  const commits = log.split("\n").filter(Boolean).map((line) => {
    const [hash = "", parents = "", title = ""] = line.split("\t");
    if (parents.includes(" ")) throw new UserError(`${folder}: ${title} is a merge. Patches are a series without merges.`);
    return { hash, title };
  });
  const dividers = commits.filter(({ title }) => title === divider);
  if (dividers.length !== 1) {
    throw new UserError(`${folder} has ${dividers.length} commits with the title "${divider}", which tells base from pablo patches. It must have one.`);
  }
  const border = commits.findIndex(({ title }) => title === divider);
  return {
    base: await filesOf(folder, commits.slice(0, border)),
    pablo: await filesOf(folder, commits.slice(border + 1)),
  };
}

async function filesOf(folder: string, commits: { hash: string; title: string }[]): Promise<SeriesFiles> {
  const files: SeriesFiles = new Map();
  for (const { hash, title } of commits) {
    const name = patchName(title);
    if (files.has(name)) throw new UserError(`${folder}: two commits would both become ${name}. Give one of them another title.`);
    const patch = await formatPatch(folder, hash);
    const text = patch.toString("latin1");
    if (!/^diff --git /m.test(text)) throw new UserError(`${folder}: the commit "${title}" changes nothing.`);
    if (/^\+<{7} /m.test(text)) throw new UserError(`${folder}: the commit "${title}" adds conflict markers.`);
    assertWholeMessage(text, name);
    files.set(name, patch);
  }
  files.set(".patches", Buffer.from([...files.keys()].map((name) => `${name}\n`).join("")));
  return files;
}

async function formatPatch(folder: string, commit: string): Promise<Buffer> {
  return withScratch(tmpdir(), "quantflex-patch", async (scratch) => {
    const file = path.join(scratch, "commit.patch");
    await gitIn(folder).raw([
      "format-patch", `--output=${file}`, "--keep-subject", "--no-stat", "--no-signature", "--zero-commit",
      "--full-index", "--no-attach", "--no-ext-diff", "--no-textconv", "-1", commit,
    ]);
    return readFile(file);
  });
}

/** File name of a patch: its title in lower case, other characters than letters, digits and hyphens as underscores. */
function patchName(title: string): string {
  const words = title.toLowerCase().replace(/[^a-z0-9-]+/g, "_").replace(/^[_-]+|_+$/g, "");
  return `${words.slice(0, 80) || "patch"}.patch`;
}

/**
 * Writes a work tree's commits to `patches/<release>/`, and takes away patch files that are no more.
 *
 * @returns the number of patches in each series
 * @throws {UserError} see {@link patchFiles}; nothing is written then
 */
export async function exportPatches(project: Project, release: Release, folder: string): Promise<Record<SeriesName, number>> {
  const all = await patchFiles(folder);
  for (const [series, files] of Object.entries(all) as [SeriesName, SeriesFiles][]) {
    const target = seriesFolder(project, release, series);
    await mkdir(target, { recursive: true });
    const stale = (await readdir(target)).filter((name) => name.endsWith(".patch") && !files.has(name));
    await Promise.all(stale.map((name) => rm(path.join(target, name))));
    await Promise.all([...files].map(([name, content]) => writeFile(path.join(target, name), content)));
  }
  await markExported(folder);
  return { base: all.base.size - 1, pablo: all.pablo.size - 1 };
}
