import pacote from "pacote";
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
    if (compareTags(release.tag, tag) < 0) [below, first] = [release, middle + 1];
    else [above, last] = [release, middle];
  }
  const neighbours = [below, above].flatMap((release) => (release ? [`${release.tag} (${release.package})`] : []));
  throw new UserError(`No ${bundlePackage} package carries llama.cpp ${tag}. Nearest are ${neighbours.join(" and ")}: give one of these tags.`);
}

/** Versions that carry a bundle (3.0.0's betas and later), rising. */
async function versionsInOrder(project: Project): Promise<string[]> {
  try {
    const { versions } = await pacote.packument(bundlePackage, await pacoteOptions(project.root));
    return Object.keys(versions).filter((version) => Number.parseInt(version, 10) >= 3).sort(compareVersions);
  } catch (error) {
    throw new UserError(`${bundlePackage} cannot be looked up in the registry: ${(error as Error).message}`);
  }
}

/** Orders upstream's tags by time: build numbers (b2329), then versions (v0.5.0). */
export function compareTags(a: string, b: string): number {
  const numbers = (tag: string): number[] => [tag.startsWith("v") ? 1 : 0, ...numbersOf(tag)];
  return compareNumbers(numbers(a), numbers(b));
}

/** Orders a package's versions; a prerelease comes before its release. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] => {
    const [release = "", prerelease] = version.split("-");
    return [...numbersOf(release), prerelease === undefined ? 1 : 0, ...numbersOf(prerelease ?? "")];
  };
  return compareNumbers(numbers(a), numbers(b));
}

function compareNumbers(left: number[], right: number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}
