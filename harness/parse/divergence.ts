import { ParseError } from "../errors.ts";
import { parseComparison } from "./comparison.ts";
import type { Comparison } from "./comparison.ts";
import { bothStreams, finiteNumber, numberPattern, printedNumber } from "./numbers.ts";
import type { Measured, Output, PrintedNumber } from "./numbers.ts";

/**
 * What llama-perplexity --kl-divergence found, quantized model against its base. Divergences in nats.
 * The ratio of perplexities is not read: it follows from the chunks (analysis/statistics.ts), and the
 * error printed for it is nan where a model is compared with itself.
 */
export interface Divergence extends Comparison {
  kld: Measured;
  kldMaximum: number;
  /** Quantiles of a token's divergence by percent. */
  kldQuantiles: Record<"99.9" | "99.0" | "95.0" | "90.0" | "50.0", number>;
  /** Change of the right token's probability, in percent points. */
  probabilityChange: Measured;
  /** Root mean square of that change, in percent points. Its error is 0 where nothing changes and nan is printed. */
  probabilityChangeRms: Measured;
  /** How often both models find the same token most probable, in percent. */
  sameTop: Measured;
  /** All numbers as printed, by what is printed before them; two where an error follows. */
  printed: Map<string, PrintedNumber[]>;
}

/**
 * Reads the statistics that follow the chunks.
 * @param expectedChunks chunks that must have been computed; as many as announced when absent
 * @param firstChunk the first of them in the text, counted from 0
 * @throws ParseError when the statistics are missing, doubled, incomplete, or not finite
 * Source: `kl_divergence` in upstream's tools/perplexity/perplexity.cpp.
 */
export function parseDivergence(output: Output, expectedChunks?: number, firstChunk = 0): Divergence {
  const comparison = parseComparison(output, expectedChunks, firstChunk);
  const text = bothStreams(output);
  const printed = new Map<string, PrintedNumber[]>();

  function one(label: string, rest: string): string[] {
    const found = [...text.matchAll(new RegExp(String.raw`${label.replaceAll(" ", " +")}\s*:\s*${rest}`, "g"))];
    if (found.length !== 1) throw new ParseError(`llama-perplexity printed "${label}" ${found.length} times, expected once. A comparison needs at least 100 tokens.`);
    const numbers = found[0]!.slice(1);
    printed.set(label, numbers.map(printedNumber));
    return numbers;
  }
  function single(label: string): number {
    return finiteNumber(one(label, `(${numberPattern}|\\S+)`)[0], label);
  }
  /** @param undefinedAtZero whether the error is 0 divided by 0 where the value is 0 */
  function measured(label: string, undefinedAtZero = false): Measured {
    const [value, error] = one(label, String.raw`(${numberPattern}|\S+) ±\s*(${numberPattern}|\S+)`);
    const number = finiteNumber(value, label);
    const isUndefined = undefinedAtZero && number === 0 && Number.isNaN(Number(error!.replace(/^[-+]/, "")));
    return { value: number, error: isUndefined ? 0 : finiteNumber(error, `The error of ${label}`) };
  }

  return {
    ...comparison,
    kld: measured("Mean KLD"),
    kldMaximum: single("Maximum KLD"),
    kldQuantiles: {
      "99.9": single("99.9% KLD"),
      "99.0": single("99.0% KLD"),
      "95.0": single("95.0% KLD"),
      "90.0": single("90.0% KLD"),
      "50.0": single("Median KLD"),
    },
    probabilityChange: measured("Mean Δp"),
    probabilityChangeRms: measured("RMS Δp", true),
    sameTop: measured("Same top p"),
    printed,
  };
}
