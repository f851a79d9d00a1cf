import type { PlannedStep } from "../../jobs/job.ts";
import { momentsPasses } from "../../steps/momentsBytes.ts";
import { estimatedChunks } from "../../steps/tokens.ts";
import type { Inputs } from "../readInputs.ts";

/**
 * What tells of a step about how many chunks it evaluates, passes over the same chunk included.
 *
 * @param moments bytes that second moments may take while they are collected
 */
export async function chunksOf({ text, calibrations, settings: { context }, model: { gguf } }: Inputs, moments: number): Promise<(planned: PlannedStep) => number> {
  const passes = momentsPasses(gguf, moments);
  const chunks = new Map<string, number>();
  for (const one of [text, ...calibrations.values()]) chunks.set(one.path, await estimatedChunks({ context }, one, gguf));
  return ({ step, config, inputs: { training } }) => {
    const once = Math.min((config["chunks"] as number | null) ?? Infinity, chunks.get(training && "file" in training ? training.file : text.path) ?? 0);
    return step === "moments" ? once * passes : once;
  };
}
