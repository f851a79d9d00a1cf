import pacote from "pacote";
import semver from "semver";
import { UserError } from "../errors.ts";
import { bundlePackage, packagedRelease } from "./candidate.ts";
import { pacoteOptions } from "./npmConfig.ts";
import type { Project, Say } from "./project.ts";
import { upstreams, type Release } from "./releases.ts";

/**
 * The release with a tag, from the package that carries it. Versions rise as their releases do, so
 * that halving finds it: a handful of downloads at most.
 *
 * @throws {UserError} no answer from the registry; no package carries the release (its neighbours are named)
 */
export async function findRelease(project: Project, tag: string, report: Say): Promise<Release> {
  const versions = await versionsInOrder(project);
  const known = new Map((await upstreams(project)).releases.map((release) => [release.package, release]));
  let below: Release | undefined;
  let above: Release | undefined;
  let [first, last] = [0, versions.length];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    const specification = `${bundlePackage}@${versions[middle]}`;
    const release = known.get(specification) ?? (await packagedRelease(project, specification, report));
    if (release.tag === tag) return release;
    if (semver.lt(tagVersion(release.tag), tagVersion(tag))) [below, first] = [release, middle + 1];
    else [above, last] = [release, middle];
  }
  const neighbours = [below, above].flatMap((release) => (release ? [`${release.tag} (${release.package})`] : []));
  throw new UserError(`No ${bundlePackage} package carries llama.cpp ${tag}. Nearest are ${neighbours.join(" and ")}: give one of these tags.`);
}

/** Versions that carry a bundle (3.0.0's betas and later), rising. */
async function versionsInOrder(project: Project): Promise<string[]> {
  try {
    const { versions } = await pacote.packument(bundlePackage, await pacoteOptions(project.root));
    return Object.keys(versions).filter((version) => semver.major(version) >= 3).sort(semver.compare);
  } catch (error) {
    throw new UserError(`${bundlePackage} cannot be looked up in the registry: ${(error as Error).message}`);
  }
}

/**
 * A tag as a version, so that tags are ordered by time: build numbers (b2329), then versions (v0.5.0).
 *
 * @throws {UserError} neither of the two
 */
function tagVersion(tag: string): string {
  // Before every version come their prereleases.
  const version = semver.valid(tag.startsWith("v") ? tag : `0.0.0-${/^b(\d.*)$/.exec(tag)?.[1] ?? ""}`);
  if (version === null) throw new UserError(`${tag} is no tag of llama.cpp's releases, which are as b10361 or v0.5.0.`);
  return version;
}
