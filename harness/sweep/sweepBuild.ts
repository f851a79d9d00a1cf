import os from "node:os";
import { backends } from "../build/backends.ts";
import { type Build, type BuildOptions, findBuild, targetsOf } from "../build/build.ts";
import type { RateOf } from "../store/rates.ts";
import type { Inputs } from "./readInputs.ts";
import type { SweepRequest } from "./request.ts";

/** The build that a sweep runs on, and whether it is there; null where its key cannot be known before it is made. */
export async function expectedBuild(inputs: Inputs, { build }: Pick<SweepRequest, "build">, signal: AbortSignal): Promise<{ build: Build; isThere: boolean } | null> {
  if (build) return { build, isThere: true };
  if (inputs.prepare === "nodes") return null;
  const found = await findBuild("patched", { ...buildOptions(inputs), signal });
  // Which devices there are is asked of its programs.
  return found?.isThere === false && backends[inputs.backend].hasDevices ? null : found;
}

/** How the programs are built that a study's cells need. */
export function buildOptions({ release, study: { cells }, backend }: Pick<Inputs, "release" | "study" | "backend">): Pick<BuildOptions, "release" | "targets" | "backend"> {
  return { release, targets: targetsOf(cells.some(({ feedback }) => feedback), backend), backend };
}

/** What the time of a build is remembered by. */
export function buildRate({ release: { tag }, backend }: Pick<Inputs, "release" | "backend">): RateOf {
  return { of: "build", kind: backend === "native" ? tag : `${tag} ${backend}`, work: 1, threads: os.availableParallelism() };
}
