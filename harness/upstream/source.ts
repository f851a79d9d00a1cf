import { thisProject, type Project, type Say } from "./project.ts";
import { upstreams, type Release } from "./releases.ts";
import { ensureRepository } from "./repository.ts";
import { ensureSubmodule } from "./submodule.ts";

/**
 * Makes sure that a release's source is there and its tree is the pinned one: the pin in the
 * submodule's folder `llama.cpp/`, any other release in a bare repository in the cache.
 * It comes from the registry's bundle, else from upstream's URL.
 *
 * @returns the folder of the repository
 * @throws {UserError} not reachable, or another tree than patches/upstreams.json names
 */
export async function ensureSource(release: Release, report: Say = () => {}, project: Project = thisProject()): Promise<string> {
  const { pin } = await upstreams(project);
  return release.tag === pin ? ensureSubmodule(project, release, report) : ensureRepository(project, release, report);
}
