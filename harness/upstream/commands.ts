import path from "node:path";
import { UserError } from "../errors.ts";
import { checkPatches } from "./check.ts";
import { exportPatches } from "./export.ts";
import type { Report } from "./fetch.ts";
import { thisProject, type Project } from "./project.ts";
import { release as releaseOf } from "./releases.ts";
import { newRelease } from "./newRelease.ts";
import { importPatches, workshopFolder } from "./workshop.ts";

/** Options of {@link patchesCommand}. */
export interface PatchesOptions {
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

/** The commands, and the options that each takes. */
const commands: Record<string, readonly (keyof PatchesOptions)[]> = {
  import: ["release", "folder"],
  export: ["release", "folder"],
  check: ["release"],
  "new-release": ["tag", "package", "from", "folder"],
};

/** What `npm run patches -- --help` says. */
export const patchesUsage = `npm run patches -- COMMAND [OPTIONS]

Commands:
  import           make a release's patches into commits in a work tree, to edit them there with git
  export           write the commits of that work tree to patches/RELEASE/
  check            import and export in a scratch folder: do the patches apply, and come out as they are?
  new-release TAG  carry the patches over to another release of llama.cpp, such as b10361

Options:
  --release TAG           the release to import, export or check (default: the pin)
  --folder DIR            the work tree of import, export or new-release (default: one in the cache)
  --package NAME@VERSION  npm package that carries the new release (default: looked for)
  --from TAG              release whose patches are carried over (default: the newest that has some)
  --help                  show this`;

/**
 * `npm run patches -- import|export|check|new-release TAG`: makes patches into commits in a work tree,
 * commits into patches, checks that the patches are at their fixed point, or carries them over to a
 * release that has none.
 *
 * @returns a sentence that says what was done
 * @throws {UserError} another command, or an option that is not the command's; see the functions for each
 */
export async function patchesCommand(
  command: string | undefined,
  options: PatchesOptions,
  report: Report,
  project: Project = thisProject(),
): Promise<string> {
  const taken = commands[command ?? ""];
  if (!taken) throw new UserError(`${command ? `patches does not know "${command}"` : "patches needs a command"}. ${patchesUsage}`);
  for (const [name, value] of Object.entries(options) as [keyof PatchesOptions, string | undefined][]) {
    if (value === undefined || taken.includes(name)) continue;
    throw new UserError(`${command} does not take ${name === "tag" ? `"${value}"` : `--${name}`}. ${patchesUsage}`);
  }
  if (command === "new-release") {
    const { tag, package: carrier, from } = options;
    if (!tag || !/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(tag)) throw new UserError("new-release needs the tag of a release of llama.cpp, such as b10361.");
    const folder = path.resolve(options.folder ?? path.join(project.cache, "patches", tag));
    return newRelease(project, tag, folder, { package: carrier, from }, report);
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
    default:
      await checkPatches(project, release, report);
      return `${release.tag}: the patches apply, and come out as they are.`;
  }
}
