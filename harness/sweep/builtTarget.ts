import { askedBackend } from "../build/askedBackend.ts";
import { type BackendName, backends } from "../build/backends.ts";
import { type Build, ensureBuild, listingProgram } from "../build/build.ts";
import { refuseDevice } from "../steps/devices.ts";
import type { Target } from "../steps/step.ts";
import { findTargets } from "../steps/targets.ts";
import type { Report } from "./events.ts";

/** What a target is asked for by. */
export interface TargetAsked {
  backend?: BackendName | undefined;
  device?: string | undefined;
  threads: number;
  /** Programs that are needed. */
  programs: readonly string[];
  /** Binaries to use; the patched build of the pin by default. */
  build?: Build | undefined;
}

/** Makes a target with its build, of a command that is about no study. @throws UserError as of ensureBuild and findTargets */
export async function builtTarget({ backend: given, device, threads, programs, build: ready }: TargetAsked, report: Report, signal: AbortSignal): Promise<Target> {
  const backend = ready?.backend ?? askedBackend(given);
  refuseDevice(backend, device);
  const build = ready ?? (await ensureBuild("patched", {
    targets: [...programs, ...(backends[backend].hasDevices ? [listingProgram] : [])],
    backend,
    report: (text, fraction) => report({ kind: "build", text, fraction }),
    signal,
  }));
  const [target] = await findTargets(build, { threads, devices: device === undefined ? [] : [device] }, signal);
  return target;
}
