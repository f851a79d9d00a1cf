import { type BuildOptions, targetsOf } from "../build/build.ts";
import { backendFlavour } from "../build/flavour.ts";
import { moments } from "../steps/moments.ts";
import { releaseNamed } from "../upstream/releases.ts";
import type { Job } from "./job.ts";

/** How the programs are built that a job runs. @throws UserError when what its backend needs is not here */
export async function jobBuild({ target, steps }: Pick<Job, "target" | "steps">, signal: AbortSignal): Promise<Pick<BuildOptions, "release" | "targets" | "flavour"> & { signal: AbortSignal }> {
  const { release: tag, backend = "native" } = target;
  const release = await releaseNamed(tag);
  const flavour = await backendFlavour(backend, release, signal);
  return { release, flavour, targets: targetsOf(steps.some(({ step }) => step === moments.name), backend), signal };
}
