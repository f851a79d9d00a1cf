import { codeCounts, type Histogram } from "../gguf/codes.ts";
import { readGguf } from "../gguf/read.ts";
import { type WeightError, weightErrors } from "../gguf/weightErrors.ts";
import { inThread } from "../threads/inThread.ts";

/** Files to count, and what is wanted of them. */
interface Asked {
  /** Path of a quantized GGUF. */
  quantized: string;
  /** Path of the model that it was made from. */
  model: string;
  /** Whether to count codes and runs of zeros. */
  codes: boolean;
  /** Whether to compare weights with the model's. */
  errors: boolean;
}

/** What was counted. */
export interface Counted {
  /** Null when it was not asked for. */
  histogram: Histogram | null;
  /** Empty when they were not asked for. */
  weightErrors: WeightError[];
}

/**
 * What {@link countFile} does: the task for a thread.
 *
 * @public called there by its name
 */
export async function readCounts({ quantized, model, codes, errors }: Asked): Promise<Counted> {
  const gguf = await readGguf(quantized);
  return {
    histogram: codes ? await codeCounts(gguf) : null,
    weightErrors: errors ? await weightErrors(await readGguf(model), gguf) : [],
  };
}

/** Count the codes of a quantized file, and compare its weights with the model's. In a thread. */
export async function countFile(asked: Asked, signal: AbortSignal): Promise<Counted> {
  if (!asked.codes && !asked.errors) return { histogram: null, weightErrors: [] };
  return inThread(import.meta.url, readCounts, asked, signal);
}
