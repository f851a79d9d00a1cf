/** A mean and what llama-perplexity prints behind the ± sign. */
export interface MeanAndError {
  mean: number;
  /** Standard error for independent values; 0 of ten values or fewer. */
  error: number;
}

/**
 * @param sum of the values
 * @param squares sum of their squares
 * Source: `mean_and_uncertainty` in `kl_divergence`, upstream's tools/perplexity/perplexity.cpp.
 */
export function meanAndError(sum: number, squares: number, count: number): MeanAndError {
  if (count < 1) return { mean: 0, error: 0 };
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  return { mean, error: variance > 0 && count > 10 ? Math.sqrt(variance / (count - 1)) : 0 };
}

const single = Math.fround;

/**
 * Median of one or more ascending values, in single precision.
 * Source: `kld_median` in the same function.
 */
export function singleMedian(sorted: Float32Array): number {
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 0 ? single(0.5 * single(sorted[half]! + sorted[half - 1]!)) : sorted[half]!;
}

/**
 * Quantile of one or more ascending values, interpolated in single precision.
 * @param fraction above 0 and below 1
 * Source: `percentile` in the same function. A compiler may fuse its last two operations: within one unit in the last place.
 */
export function singleQuantile(sorted: Float32Array, fraction: number): number {
  const position = single(single(fraction) * single(sorted.length - 1));
  const index = Math.trunc(position);
  const rest = single(position - index);
  return single(single(single(1 - rest) * sorted[index]!) + single(rest * sorted[Math.min(index + 1, sorted.length - 1)]!));
}
