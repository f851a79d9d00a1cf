import type { Frame } from "./frame.ts";

/** Perplexity over the tokens of some chunks. */
export interface TokenPerplexity {
  ppl: number;
  /** Its standard error as upstream gives it: for independent tokens; 0 where the variance is not positive. */
  error: number;
  /** Mean negative log-likelihood of a token in nats. */
  nll: number;
  /** The same of each chunk. */
  chunks: number[];
}

function sumInOrder(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** Mean negative log-likelihood of a chunk in nats, summed in its tokens' order: bit for bit what is printed as `chunk N nll`. */
export function chunkNll({ nll }: Frame): number {
  return sumInOrder(nll) / nll.length;
}

/**
 * Perplexity after each of the chunks, over all tokens up to there.
 * Source: `perplexity` in upstream's tools/perplexity/perplexity.cpp. It sums in threads, so that its last bits vary.
 */
export function runningPerplexity(frames: readonly Frame[]): number[] {
  let sum = 0;
  let count = 0;
  return frames.map(({ nll }) => {
    sum += sumInOrder(nll);
    count += nll.length;
    return Math.exp(sum / count);
  });
}

/**
 * Perplexity over all tokens of one or more chunks.
 * @throws RangeError without any
 * Source: as {@link runningPerplexity}.
 */
export function tokenPerplexity(frames: readonly Frame[]): TokenPerplexity {
  if (frames.length === 0) throw new RangeError("There is no perplexity of no chunks.");
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (const { nll } of frames) {
    for (const value of nll) {
      sum += value;
      squares += value * value;
    }
    count += nll.length;
  }
  const nll = sum / count;
  const ppl = Math.exp(nll);
  const variance = squares / count - nll * nll;
  return { ppl, error: variance > 0 ? Math.sqrt(variance / (count - 1)) * ppl : 0, nll, chunks: frames.map(chunkNll) };
}
