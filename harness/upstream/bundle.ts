import { existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { withScratch } from "../scratch.ts";
import { pacoteOptions } from "./npmConfig.ts";
import { scratchFolder, type Project } from "./project.ts";
import type { Release } from "./releases.ts";

/** Where the bundle lies in a node-llama-cpp package. */
export const bundleInPackage = path.join("llama", "gitRelease.bundle");

/** Where a release's bundle is kept once it was downloaded. */
export function bundleFile(project: Project, release: Release): string {
  return path.join(project.cache, "bundles", `${release.tag}.bundle`);
}

/**
 * The git bundle of a release, downloaded from npm's registry once: its package's tarball is checked
 * against the pinned integrity before anything is made of it, and nothing in it is run.
 *
 * @returns path of the bundle
 * @throws {UserError} no answer from the registry, another integrity, no bundle in the package
 */
export async function releaseBundle(project: Project, release: Release, report: (message: string) => void): Promise<string> {
  const file = bundleFile(project, release);
  if (existsSync(file)) return file;

  report(`downloading ${release.package} for the source of llama.cpp ${release.tag}`);
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await withScratch(scratchFolder(project), "bundle", async (unpacked) => {
      const options = { ...(await pacoteOptions(project.root)), integrity: release.integrity };
      // What downloads takes a while to load, and is needed once.
      const { default: pacote } = await import("pacote");
      await pacote.extract(release.package, unpacked, options);
      const bundle = path.join(unpacked, bundleInPackage);
      if (!existsSync(bundle)) throw new UserError(`${release.package} holds no ${bundleInPackage}.`);
      await rename(bundle, file);
    });
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EINTEGRITY") throw error;
    throw new UserError(
      `${release.package} is not what patches/upstreams.json says: ${(error as Error).message}. ` +
        "It was thrown away. Run `npm cache verify` and try again; if it stays so, the registry serves another package.",
    );
  }
}
