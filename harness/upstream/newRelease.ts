import { existsSync } from "node:fs";
import path from "node:path";
import { UserError } from "../errors.ts";
import { attemptPatches, attemptTable, type Attempt } from "./attempt.ts";
import { packagedRelease } from "./candidate.ts";
import { carryOver } from "./carry.ts";
import { checkPatches } from "./check.ts";
import { exportPatches } from "./export.ts";
import { findRelease } from "./findPackage.ts";
import { gitIn } from "./git.ts";
import type { Project, Say } from "./project.ts";
import { addRelease, releaseNamed, upstreams, type Release } from "./releases.ts";
import { baseReference, ensureRepository } from "./repository.ts";
import { withScratchWorktree } from "./scratchWorktree.ts";
import { readVariant, seriesFolder } from "./series.ts";
import { assertReplaceable } from "./workshop.ts";

/** Options of {@link newRelease}. */
export interface NewReleaseOptions {
  /** Package that carries the release (name@version); looked for by the tag otherwise. */
  package?: string | undefined;
  /** The release itself, where it was looked up already. */
  candidate?: Release;
  /** Release whose patches are carried over; the newest that has some by default. */
  from?: string | undefined;
}

/**
 * Carries the patches over to another release. If all apply, they are exported and checked. If not,
 * `folder` is left in the middle of `git am`, at the first conflict.
 *
 * @returns a table of which patches apply
 * @throws {UserError} with that table and what to do, if some do not; the release has patches; see {@link findRelease}
 */
export async function newRelease(project: Project, tag: string, folder: string, options: NewReleaseOptions, report: Say): Promise<string> {
  await assertReplaceable(folder);
  const listed = (await upstreams(project)).releases.find((candidate) => candidate.tag === tag);
  const release = listed ?? (await packaged(project, tag, options, report));
  if (hasSeries(project, release)) throw new UserError(`${tag} has patches already, in patches/${tag}. Edit them with \`npm run patches -- import --release ${tag}\`.`);
  const from = await source(project, options.from);
  const patches = await readVariant(project, from, "patched");
  const repository = await ensureRepository(project, release, report);
  // A merge needs the files that the patches were made for.
  await gitIn(repository).raw(["fetch", "--quiet", "--no-tags", await ensureRepository(project, from, report), `+${baseReference}:refs/quantflex/from/${from.tag}`]);

  report(`trying the ${patches.length} patches of ${from.tag} on ${tag}`);
  const attempts = await withScratchWorktree(project, repository, "try", (scratch) => attemptPatches(scratch, patches, release));
  const table = `The patches of ${from.tag} on ${tag}:\n${attemptTable(attempts)}`;
  const stopped = await carryOver(repository, folder, patches, release);
  if (!listed) {
    await addRelease(project, release);
    report(`${tag} was added to patches/upstreams.json`);
  }
  if (!stopped) {
    const { base, pablo } = await exportPatches(project, release, folder);
    await checkPatches(project, release, report);
    return `${table}\n${base} base and ${pablo} pablo patches written to patches/${tag}. Next: build and compare, \`npm run regress -- --release ${tag}\`.`;
  }
  throw new UserError(
    `${table}\n${count(attempts)} not apply. ${folder} has stopped at the first: resolve it there (git status), \`git add\` the files, \`git am --continue\`, ` +
      `and so on to the last (\`git am --skip\` does without one). Then \`npm run patches -- export --release ${tag} --folder ${folder}\`. ` +
      `patches/upstreams.json now names ${tag}: to give up, take it out there.`,
  );
}

function count(attempts: readonly Attempt[]): string {
  const conflicts = attempts.filter(({ outcome }) => outcome === "conflicts").length;
  return conflicts === 1 ? "One does" : `${conflicts} do`;
}

async function packaged(project: Project, tag: string, options: NewReleaseOptions, report: Say): Promise<Release> {
  const found = options.candidate ?? (options.package ? await packagedRelease(project, options.package, report) : await findRelease(project, tag, report));
  if (found.tag !== tag) throw new UserError(`${found.package} carries llama.cpp ${found.tag}, not ${tag}.`);
  return found;
}

function hasSeries(project: Project, release: Release): boolean {
  return existsSync(path.join(seriesFolder(project, release, "pablo"), ".patches"));
}

async function source(project: Project, tag: string | undefined): Promise<Release> {
  if (tag) return releaseNamed(tag, project);
  const newest = (await upstreams(project)).releases.findLast((release) => hasSeries(project, release));
  if (newest) return newest;
  throw new UserError("No release has patches that could be carried over.");
}
