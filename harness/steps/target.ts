import { freemem } from "node:os";
import type { Build } from "../build/build.ts";
import { memoryThere } from "../memory.ts";
import { run } from "../process/run.ts";
import { usualStallSeconds } from "../process/stall.ts";
import { which } from "../process/which.ts";
import type { Device } from "./devices.ts";
import type { Target } from "./step.ts";

/**
 * What steps run on, on this machine.
 *
 * @param device null for the processor
 * @param threads of each program
 * @param stallMinutes after how long a silence a program is taken for one that hangs; 0 for never
 */
export async function thisTarget(build: Build, threads: number, signal: AbortSignal, { stallMinutes = usualStallSeconds / 60, device = null }: { stallMinutes?: number | undefined; device?: Device | null } = {}): Promise<Target> {
  const xz = which("xz");
  const version = xz ? (await run(xz, ["--version"], { signal })).stdout.split("\n")[0]!.trim() : null;
  return { build, ...(device && { device }), threads: String(threads), memory: Math.floor(Math.min(freemem(), memoryThere()) / 2), xz: version, stallSeconds: 60 * stallMinutes };
}
