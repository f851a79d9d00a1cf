import { existsSync } from "node:fs";
import path from "node:path";
import pacote from "pacote";
import { UserError } from "../errors.ts";
import { bundlePackage, packagedRelease } from "../upstream/candidate.ts";
import { newRelease } from "../upstream/newRelease.ts";
import { pacoteOptions } from "../upstream/npmConfig.ts";
import type { Project } from "../upstream/project.ts";
import { releaseNamed, upstreams, type Release } from "../upstream/releases.ts";
import { seriesFolder } from "../upstream/series.ts";

/**
 * The newest release of llama.cpp that the registry has. If there are no patches for it yet, those of the
 * newest that has some are carried over, as `npm run patches -- new-release` does.
 *
 * @throws {UserError} no answer from the registry; patches that do not apply, with a table of them
 */
export async function newestRelease(project: Project, report: (message: string) => void): Promise<Release> {
  const latest = `${bundlePackage}@latest`;
  const { version } = await pacote.manifest(latest, await pacoteOptions(project.root)).catch((error: Error) => {
    throw new UserError(`${latest} cannot be had from the registry: ${error.message}`);
  });
  const found = `${bundlePackage}@${version}`;
  const listed = (await upstreams(project)).releases.find((release) => release.package === found);
  const release = listed ?? (await packagedRelease(project, found, report));
  const { tag } = release;
  report(`the newest release is ${tag} (${found})`);
  const patched = listed && existsSync(path.join(seriesFolder(project, listed, "pablo"), ".patches"));
  if (!patched) report(await newRelease(project, tag, path.join(project.cache, "patches", tag), { candidate: release }, report));
  return releaseNamed(tag, project);
}
