import { rm } from "node:fs/promises";
import type { SimpleGit } from "simple-git";
import { UserError } from "../errors.ts";
import { stopSignal } from "../process/interrupt.ts";
import { bundleFile, releaseBundle } from "./bundle.ts";
import { gitIn, resolve } from "./git.ts";
import type { Project, Say } from "./project.ts";
import type { Release } from "./releases.ts";

/**
 * Fetches a release's source into a repository: from the registry's bundle, else from upstream's
 * repository by its tag.
 *
 * @param folder a git repository; nothing but its objects and FETCH_HEAD is changed
 * @returns the commit fetched, whose tree is the release's
 * @throws {UserError} neither source can be reached; or the tree is another one (both hashes are named)
 */
export async function fetchRelease(project: Project, release: Release, folder: string, report: Say): Promise<string> {
  const git = gitIn(folder);
  let fromRegistry: Error;
  try {
    await fetchBundle(project, release, git, report);
    return await verifiedCommit(git, release, release.package);
  } catch (error) {
    if (error instanceof UserError) throw error;
    stopSignal()?.throwIfAborted();
    fromRegistry = error as Error;
  }
  report(`the registry did not answer; fetching ${release.tag} from ${project.url}`);
  try {
    const patient = gitIn(folder, { silenceSeconds: 60, userConfiguration: true });
    await patient.raw(["fetch", "--quiet", "--no-tags", "--depth=1", project.url, `refs/tags/${release.tag}`]);
  } catch (error) {
    throw new UserError(
      `The source of llama.cpp ${release.tag} is not in ${project.cache} and cannot be downloaded.\n` +
        `  ${release.package}: ${fromRegistry.message}\n  ${project.url}: ${(error as Error).message.trim()}\n` +
        "Connect to the network once and run `npm run setup`, or fill llama.cpp/ with `git submodule update --init llama.cpp`.",
    );
  }
  return verifiedCommit(git, release, project.url);
}

async function fetchBundle(project: Project, release: Release, git: SimpleGit, report: Say): Promise<void> {
  const fetch = async (bundle: string): Promise<unknown> => git.raw(["fetch", "--quiet", "--no-tags", bundle, "HEAD"]);
  const bundle = await releaseBundle(project, release, report);
  try {
    await fetch(bundle);
  } catch {
    stopSignal()?.throwIfAborted();
    // The tarball's integrity was checked, so the kept file was damaged since then.
    await rm(bundleFile(project, release));
    await fetch(await releaseBundle(project, release, report));
  }
}

async function verifiedCommit(git: SimpleGit, release: Release, origin: string): Promise<string> {
  const tree = await resolve(git, "FETCH_HEAD^{tree}");
  const commit = await resolve(git, "FETCH_HEAD^{commit}");
  if (commit && tree === release.tree) return commit;
  throw new UserError(
    `The source of llama.cpp ${release.tag} from ${origin} has tree ${tree ?? "none"}, ` +
      `but patches/upstreams.json says ${release.tree}. It is not used.`,
  );
}
