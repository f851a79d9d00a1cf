import { ParseError } from "../errors.ts";
import { chunkValues } from "./chunks.ts";
import { bothStreams, finiteNumber, numberPattern } from "./numbers.ts";
import type { Measured, Output } from "./numbers.ts";
import { perplexityPlan } from "./perplexity.ts";

/**
 * What llama-perplexity --kl-divergence found, quantized model against its base. Divergences in nats.
 * The ratio of perplexities is not read: it follows from the chunks (analysis/statistics.ts), and the
 * error printed for it is nan where a model is compared with itself.
 */
export interface Divergence {
  kld: Measured;
  kldMaximum: number;
  /** Quantiles of a token's divergence by percent. */
  kldQuantiles: Record<"99.9" | "99.0" | "95.0" | "90.0" | "50.0", number>;
  /** Change of the right token's probability, in percent points. */
  probabilityChange: Measured;
  /** Root mean square of that change, in percent points. */
  probabilityChangeRms: Measured;
  /** How often both models find the same token most probable, in percent. */
  sameTop: Measured;
  /** Mean divergence of each chunk alone; undefined from a binary without the base patches. */
  chunkKld: number[] | undefined;
}

/**
 * Reads the statistics that follow the chunks.
 * @param expectedChunks chunks that must have been computed; as many as announced when absent
 * @throws ParseError when the statistics are missing, doubled, incomplete, or not finite
 * Source: `kl_divergence` in upstream's tools/perplexity/perplexity.cpp.
 */
export function parseDivergence(output: Output, expectedChunks?: number): Divergence {
  const text = bothStreams(output);
  const plan = perplexityPlan(text);
  if (!plan) throw new ParseError("llama-perplexity compared nothing: its output does not say how many chunks there are. Make the base file again.");
  if (expectedChunks !== undefined && plan.chunks !== expectedChunks) throw new ParseError(`llama-perplexity compared ${plan.chunks} chunks, expected ${expectedChunks}. Make the base file again.`);
  const rows = [...text.matchAll(/^ *(\d+) +\S+ ± +\S+ +\S+ ± +\S+ +\S+ ± +\S+ +\S+ ± +\S+ % +\S+ ± +\S+ %/gm)];
  if (rows.length !== plan.chunks) throw new ParseError(`llama-perplexity compared ${rows.length} chunks of ${plan.chunks}.`);

  function one(label: string, rest: string): string[] {
    const found = [...text.matchAll(new RegExp(String.raw`${label}\s*:\s*${rest}`, "g"))];
    if (found.length !== 1) throw new ParseError(`llama-perplexity printed "${label}" ${found.length} times, expected once. A comparison needs at least 100 tokens.`);
    return found[0]!.slice(1);
  }
  function single(label: string): number {
    return finiteNumber(one(label, `(${numberPattern}|\\S+)`)[0], label);
  }
  function measured(label: string): Measured {
    const [value, error] = one(label, String.raw`(${numberPattern}|\S+) ±\s*(${numberPattern}|\S+)`);
    return { value: finiteNumber(value, label), error: finiteNumber(error, `The error of ${label}`) };
  }

  return {
    kld: measured("Mean +KLD"),
    kldMaximum: single("Maximum KLD"),
    kldQuantiles: {
      "99.9": single("99.9% +KLD"),
      "99.0": single("99.0% +KLD"),
      "95.0": single("95.0% +KLD"),
      "90.0": single("90.0% +KLD"),
      "50.0": single("Median +KLD"),
    },
    probabilityChange: measured("Mean +Δp"),
    probabilityChangeRms: measured("RMS Δp"),
    sameTop: measured("Same top p"),
    chunkKld: chunkValues(text, "kld", plan.chunks),
  };
}
