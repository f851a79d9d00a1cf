import { quantileErrors, sortTokens } from "./chunkBootstrap.ts";
import { DivergenceSums } from "./divergenceSums.ts";
import type { DivergenceEstimates } from "./divergenceSums.ts";
import type { Frame } from "./frame.ts";
import { estimate } from "./statistics.ts";
import { singleMedian, singleQuantile } from "./upstreamEstimates.ts";

/** A model's predictions against the reference's over the tokens of some chunks, as upstream computes it. */
export interface TokenDivergence extends DivergenceEstimates {
  /** Quantiles of a token's divergence in nats, and its maximum. */
  median: number;
  p90: number;
  p95: number;
  p99: number;
  p999: number;
  maximum: number;
  /** Mean divergence of each chunk in nats. */
  chunks: number[];
  /** Standard errors from the differences between chunks, whose tokens are not independent; null of fewer than two chunks. */
  chunkErrors: ChunkErrors | null;
}

/** Standard errors in which chunks, not tokens, are taken to be independent. */
export interface ChunkErrors {
  /** In nats; of quantiles by {@link quantileErrors}. */
  mean: number;
  median: number;
  p90: number;
  p95: number;
  p99: number;
  p999: number;
  /** In percent points. */
  sameTop: number;
}

/** Mean divergence of a chunk in nats, from tokens in single precision: bit for bit what is printed as `chunk N kld`. */
function chunkKld(kld: Float64Array): number {
  let sum = 0;
  for (const value of kld) sum += Math.fround(value);
  return sum / kld.length;
}

function sameTopPercent({ top, reference }: Frame): number {
  let same = 0;
  for (let index = 0; index < top.length; index++) if (top[index] === reference!.top[index]) same++;
  return (100 * same) / top.length;
}

/**
 * Everything about the divergence from a reference over all tokens of one or more chunks.
 * @throws RangeError without any, or when one was not compared
 * Source: `kl_divergence` in upstream's tools/perplexity/perplexity.cpp. The errors by chunks are not upstream's.
 */
export function tokenDivergence(frames: readonly Frame[]): TokenDivergence {
  if (frames.length === 0) throw new RangeError("There is no divergence of no chunks.");
  const sums = new DivergenceSums();
  for (const frame of frames) sums.add(frame);
  const klds = frames.map(({ reference }) => reference!.kld);
  const tokens = sortTokens(klds);
  const chunks = klds.map(chunkKld);
  const errors = quantileErrors(tokens, frames.length, [0.5, 0.9, 0.95, 0.99, 0.999]);
  return {
    ...sums.estimates(),
    median: singleMedian(tokens.values),
    p90: singleQuantile(tokens.values, 0.9),
    p95: singleQuantile(tokens.values, 0.95),
    p99: singleQuantile(tokens.values, 0.99),
    p999: singleQuantile(tokens.values, 0.999),
    maximum: tokens.values.at(-1)!,
    chunks,
    chunkErrors: errors && {
      mean: estimate(chunks).standardError,
      median: errors[0]!,
      p90: errors[1]!,
      p95: errors[2]!,
      p99: errors[3]!,
      p999: errors[4]!,
      sameTop: estimate(frames.map(sameTopPercent)).standardError,
    },
  };
}
