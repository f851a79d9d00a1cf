import type { Build } from "../build/build.ts";
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

/** Arguments that keep a program on the processor, where the release can have it elsewhere. */
export function deviceArguments(build: Pick<Build, "supports">): string[] {
  return build.supports("--device") ? ["--device", "none"] : [];
}

/**
 * Arguments of llama-perplexity over a text.
 *
 * @param paths the files, or their roles for a key
 */
export function perplexityArguments(settings: Settings, paths: { model: string; text: string }, on: Pick<Target, "build" | "threads">): string[] {
  return ["-m", paths.model, "-f", paths.text, ...batchArguments(settings, on), "--chunks", String(settings.chunks ?? -1), ...deviceArguments(on.build)];
}
