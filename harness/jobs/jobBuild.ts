import { type Build, type BuildOptions, ensureBuild, findBuild, targetsOf } from "../build/build.ts";
import { backendFlavour } from "../build/flavour.ts";
import { isForThisProcessor, storedBuild } from "../build/storedBuild.ts";
import { UserError } from "../errors.ts";
import { moments } from "../steps/moments.ts";
import { releaseNamed } from "../upstream/releases.ts";
import type { Job } from "./job.ts";
import { otherBuild } from "./otherBuild.ts";

/**
 * The build that a job was made for, as this machine has it. Where it lies in the cache, nothing is asked of this machine but
 * a processor of that kind: a cluster's nodes need not have compilers.
 *
 * @returns the build that this machine would make where the job's is not there, and whether it is there; null where its key is not known before it is made
 * @throws UserError when what the backend needs is not here
 */
export async function findJobBuild(job: Job, signal: AbortSignal): Promise<{ build: Build; isThere: boolean } | null> {
  const release = await releaseNamed(job.target.release);
  const stored = await storedBuild(job.target.build, programsOf(job), release);
  if (stored && (await isForThisProcessor(stored))) return { build: stored, isThere: true };
  return findBuild("patched", await optionsOf(job, signal));
}

/**
 * The same, built where it is not there.
 *
 * @param what names the job in messages
 * @throws UserError when this machine makes another build, before anything is built if that is known
 */
export async function ensureJobBuild(job: Job, what: string, report: NonNullable<BuildOptions["report"]>, signal: AbortSignal): Promise<Build> {
  const found = await findJobBuild(job, signal);
  if (found && found.build.key !== job.target.build) throw new UserError(await otherBuild(job, found.build, what));
  if (found?.isThere) return found.build;
  const made = await ensureBuild("patched", { ...(await optionsOf(job, signal)), report });
  if (made.key !== job.target.build) throw new UserError(await otherBuild(job, made, what));
  return made;
}

async function optionsOf(job: Job, signal: AbortSignal): Promise<BuildOptions> {
  const release = await releaseNamed(job.target.release);
  return { release, targets: programsOf(job), flavour: await backendFlavour(job.target.backend ?? "native", release, signal), signal };
}

function programsOf({ target: { backend }, steps }: Job): string[] {
  return targetsOf(steps.some(({ step }) => step === moments.name), backend);
}
