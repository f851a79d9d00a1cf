import type { Build } from "../build/build.ts";
import type { Device } from "./devices.ts";
import type { Settings } from "./settings.ts";
import type { Target } from "./step.ts";

/**
 * Arguments of a program that evaluates a text: everything that its defaults or the machine could change is given. Before
 * `-ub`, `-b` was the physical batch.
 */
export function batchArguments({ context, batch, ubatch }: Omit<Settings, "chunks">, { build, threads }: Pick<Target, "build" | "threads">): string[] {
  const batches = build.supports("--ubatch-size") ? ["-b", String(batch), "-ub", String(ubatch)] : ["-b", String(Math.min(batch, ubatch))];
  return ["-c", String(context), ...batches, "-t", threads, "-tb", threads];
}

/**
 * Arguments that have a program compute all of a model on the target's device, and say so; without one they keep it on the
 * processor, where the release can have it elsewhere. Layers that did not fit would go to the processor (`-fit`), and
 * attention would be computed as the device likes best (`-fa`).
 */
export function deviceArguments({ build, device }: { build: Pick<Build, "supports">; device?: Pick<Device, "name" | "server"> }): string[] {
  if (device) return [...(device.server === undefined ? [] : ["--rpc", device.server]), "--device", device.name, "-ngl", "999", "-fit", "off", "-fa", "off", "-sm", "none", "-lv", saysLayers];
  return build.supports("--device") ? ["--device", "none"] : [];
}

/** From this verbosity on programs say how many layers they computed on the device. */
const saysLayers = "4";

/**
 * Arguments of llama-perplexity over a text.
 *
 * @param paths the files, or their roles for a key
 */
export function perplexityArguments(settings: Settings, paths: { model: string; text: string }, on: Pick<Target, "build" | "threads" | "device">): string[] {
  return ["-m", paths.model, "-f", paths.text, ...batchArguments(settings, on), "--chunks", String(settings.chunks ?? -1), ...deviceArguments(on)];
}
