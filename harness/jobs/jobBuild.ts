import { type Build, type BuildOptions, ensureBuild, findBuild, targetsOf } from "../build/build.ts";
import { readCpu } from "../build/cpu.ts";
import { isForThisProcessor, storedBuild } from "../build/storedBuild.ts";
import { moments } from "../steps/moments.ts";
import { releaseNamed } from "../upstream/releases.ts";
import type { Job } from "./job.ts";
import { otherBuild } from "./otherMachine.ts";

/**
 * The build that a job was made for, as this machine has it. Where it lies in the cache, nothing is asked of this machine but
 * a processor of that kind: a cluster's nodes need not have compilers.
 *
 * @param what names the job in messages
 * @returns the build, and whether it is there; null where its key is not known before it is made
 * @throws OtherMachine when this machine makes another
 * @throws UserError when what the backend needs is not here
 */
export async function findJobBuild(job: Job, what: string, signal: AbortSignal): Promise<{ build: Build; isThere: boolean } | null> {
  const release = await releaseNamed(job.target.release);
  const stored = await storedBuild(job.target.build, programsOf(job), release);
  if (stored) {
    if (await isForThisProcessor(stored)) return { build: stored, isThere: true };
    throw await otherBuild(job, await readCpu(), what);
  }
  const found = await findBuild("patched", await optionsOf(job, signal));
  if (found && found.build.key !== job.target.build) throw await otherBuild(job, found.build, what);
  return found;
}

/**
 * The same, built where it is not there.
 *
 * @throws as {@link findJobBuild}, before anything is built if that is known
 */
export async function ensureJobBuild(job: Job, what: string, report: NonNullable<BuildOptions["report"]>, signal: AbortSignal): Promise<Build> {
  const found = await findJobBuild(job, what, signal);
  if (found?.isThere) return found.build;
  const made = await ensureBuild("patched", { ...(await optionsOf(job, signal)), report });
  if (made.key !== job.target.build) throw await otherBuild(job, made, what);
  return made;
}

async function optionsOf(job: Job, signal: AbortSignal): Promise<BuildOptions> {
  const release = await releaseNamed(job.target.release);
  return { release, targets: programsOf(job), backend: job.target.backend ?? "native", signal };
}

function programsOf({ target: { backend }, steps }: Job): string[] {
  return targetsOf(steps.some(({ step }) => step === moments.name), backend);
}
