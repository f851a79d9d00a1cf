import path from "node:path";
import { UserError } from "../errors.ts";
import { checkPatches } from "./check.ts";
import { exportPatches } from "./export.ts";
import type { Report } from "./fetch.ts";
import { thisProject, type Project } from "./project.ts";
import { release as releaseOf } from "./releases.ts";
import { newRelease } from "./newRelease.ts";
import { importPatches, workshopFolder } from "./workshop.ts";

/** What the caller of `npm run patches` may say. */
export interface PatchesOptions {
  /** Only say what the commands are. */
  help?: boolean | undefined;
  /** Tag of the release; the pin by default. */
  release?: string | undefined;
  /** Work tree to edit the patches in; in the cache by default. */
  folder?: string | undefined;
  /** Tag of a release that has no patches yet, for new-release. */
  tag?: string | undefined;
  /** Package that carries that release. */
  package?: string | undefined;
  /** Release whose patches are carried over to it. */
  from?: string | undefined;
}

/**
 * `npm run patches -- import|export|check|new-release TAG`: makes patches into commits in a work tree,
 * commits into patches, checks that the patches are at their fixed point, or carries them over to a
 * release that has none.
 *
 * @returns a sentence that says what was done
 * @throws {UserError} another command; see the functions for each
 */
export async function patchesCommand(
  command: string | undefined,
  options: PatchesOptions,
  report: Report,
  project: Project = thisProject(),
): Promise<string> {
  if (command === "new-release") {
    const { tag } = options;
    if (!tag || !/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(tag)) throw new UserError("new-release needs the tag of a release of llama.cpp, such as b10361.");
    const folder = path.resolve(options.folder ?? path.join(project.cache, "patches", tag));
    return newRelease(project, tag, folder, options, report);
  }
  const release = await releaseOf(options.release, project);
  const folder = options.folder ? path.resolve(options.folder) : workshopFolder(project, release);
  switch (command) {
    case "import":
      await importPatches(project, release, folder, report);
      return `${release.tag}: the patches are commits in ${folder}. Edit them there with git (the release is refs/quantflex/base), then export.`;
    case "export": {
      const { base, pablo } = await exportPatches(project, release, folder);
      return `${release.tag}: ${base} base and ${pablo} pablo patches written to patches/${release.tag}.`;
    }
    case "check":
      await checkPatches(project, release, report);
      return `${release.tag}: the patches apply, and come out as they are.`;
    default:
      if (options.help) return usage;
      throw new UserError(`${command ? `patches does not know "${command}"` : "patches needs a command"}: ${usage}`);
  }
}

const usage =
  "import, export or check [--release TAG] [--folder DIR], or new-release TAG [--package NAME@VERSION] [--from TAG] [--folder DIR].";
