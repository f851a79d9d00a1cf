import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder, projectRoot } from "../../harness/paths.ts";
import { gitIn } from "../../harness/upstream/git.ts";
import { patchedCommit } from "../../harness/upstream/patches.ts";
import type { Project } from "../../harness/upstream/project.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";
import { baseReference, ensureRepository } from "../../harness/upstream/repository.ts";
import type { SeriesName } from "../../harness/upstream/series.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A change of one text file: a piece of it that occurs once, and what comes in its place. */
export interface Edit {
  /** Path within patches/pablo, or within llama.cpp. */
  file: string;
  from: string;
  to: string;
}

/**
 * A copy of this project's patches, to damage. It is built where this project is, so that only what was
 * damaged is compiled.
 */
export async function plantedProject(): Promise<Project> {
  const project = { root: await temporaryFolder(), cache: cacheFolder(), url: "none" };
  await cp(path.join(projectRoot, "patches"), path.join(project.root, "patches"), { recursive: true });
  await symlink(path.join(projectRoot, "llama.cpp"), path.join(project.root, "llama.cpp"));
  return project;
}

/** Damages the library. */
export async function plantInLibrary(project: Project, { file, from, to }: Edit): Promise<void> {
  const target = path.join(project.root, "patches", "pablo", file);
  await writeFile(target, replaced(await readFile(target, "utf8"), file, from, to));
}

/** Adds a patch to a series that changes a file of llama.cpp as the series before it left it. */
export async function plantInSeries(project: Project, series: SeriesName, { file, from, to }: Edit): Promise<void> {
  const release = await releaseNamed(undefined, project);
  const repository = await ensureRepository(project, release, () => undefined);
  const { commit } = series === "pablo" ? await patchedCommit(project, release, "patched", () => undefined) : { commit: baseReference };
  const before = `${await gitIn(repository).raw(["show", `${commit}:${file}`])}\n`;
  const folder = path.join(project.root, "patches", release.tag, series);
  const patch = await diffOf(file, before, replaced(before, file, from, to));
  const head = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nDate: Mon, 6 May 2024 07:08:09 +0200\nSubject: planted\n\nplanted\n\n";
  await writeFile(path.join(folder, "planted.patch"), head + patch);
  await writeFile(path.join(folder, ".patches"), `${await readFile(path.join(folder, ".patches"), "utf8")}planted.patch\n`);
}

function replaced(text: string, file: string, from: string, to: string): string {
  const pieces = text.split(from);
  if (pieces.length !== 2) throw new Error(`${file} has ${pieces.length - 1} places with ${JSON.stringify(from)}; the planted fault needs one`);
  return pieces.join(to);
}

async function diffOf(file: string, before: string, after: string): Promise<string> {
  const folder = await temporaryFolder();
  for (const [side, content] of [["a", before], ["b", after]] as const) {
    await mkdir(path.dirname(path.join(folder, side, file)), { recursive: true });
    await writeFile(path.join(folder, side, file), content);
  }
  // git ends with 1 when files differ.
  return spawnSync("git", ["-c", "core.abbrev=40", "diff", "--no-index", "--no-prefix", "--full-index", "a", "b"], { cwd: folder, encoding: "utf8" }).stdout;
}
