import { ParseError } from "../errors.ts";
import { chunkValues } from "./chunks.ts";
import { endsEarly } from "./errorLine.ts";
import { bothStreams, printedNumber } from "./numbers.ts";
import type { Output, PrintedNumber } from "./numbers.ts";
import { perplexityPlan } from "./perplexity.ts";

/** What is printed after each chunk, over all chunks up to there; errors may be nan. */
export interface ComparisonRow {
  ppl: PrintedNumber;
  pplError: PrintedNumber;
  logRatio: PrintedNumber;
  mean: PrintedNumber;
  error: PrintedNumber;
  probabilityRms: PrintedNumber;
  probabilityRmsError: PrintedNumber;
  sameTop: PrintedNumber;
  sameTopError: PrintedNumber;
}

/** What llama-perplexity --kl-divergence prints chunk by chunk. */
export interface Comparison {
  rows: ComparisonRow[];
  /** Mean divergence and mean NLL of each chunk alone, in nats; undefined from a binary that does not print them. */
  chunkKld: number[] | undefined;
  chunkNll: number[] | undefined;
}

/**
 * Reads the chunks of a comparison, also one of fewer than 100 tokens, which has no statistics behind them.
 * @param expectedChunks chunks that must have been computed; as many as announced when absent
 * @param firstChunk the first of them in the text, counted from 0
 * @throws ParseError when a chunk is missing or out of order
 * Source: `kl_divergence` in upstream's tools/perplexity/perplexity.cpp.
 */
export function parseComparison(output: Output, expectedChunks?: number, firstChunk = 0): Comparison {
  const text = bothStreams(output);
  const plan = perplexityPlan(text);
  if (!plan) throw new ParseError(`llama-perplexity compared nothing: its output does not say how many chunks there are. ${endsEarly(text)}`);
  if (expectedChunks !== undefined && plan.chunks !== expectedChunks) throw new ParseError(`llama-perplexity compared ${plan.chunks} chunks, expected ${expectedChunks}. Make the base file again.`);
  const found = [...text.matchAll(/^ *(\d+) +(\S+) ± +(\S+) +(\S+) ± +\S+ +(\S+) ± +(\S+) +(\S+) ± +(\S+) % +(\S+) ± +(\S+) %/gm)];
  if (found.length !== plan.chunks) throw new ParseError(`llama-perplexity compared ${found.length} chunks of ${plan.chunks}.`);
  const rows = found.map(([, chunk, ...values], index) => {
    if (Number(chunk) !== firstChunk + index + 1) throw new ParseError(`llama-perplexity compared chunk ${chunk} where chunk ${firstChunk + index + 1} belongs.`);
    const [ppl, pplError, logRatio, mean, error, probabilityRms, probabilityRmsError, sameTop, sameTopError] = values.map(printedNumber);
    return { ppl, pplError, logRatio, mean, error, probabilityRms, probabilityRmsError, sameTop, sameTopError } as ComparisonRow;
  });
  const range = { first: firstChunk, count: plan.chunks };
  return { rows, chunkKld: chunkValues(text, "kld", range), chunkNll: chunkValues(text, "nll", range) };
}
