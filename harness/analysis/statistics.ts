import { mean, probit, quantileSorted, sampleStandardDeviation } from "simple-statistics";

/** A mean with its uncertainty. */
export interface Estimate {
  mean: number;
  /** Standard error of the mean. */
  standardError: number;
  /** 95 % confidence interval by Student's t. */
  low: number;
  high: number;
}

/**
 * Quantile of Student's t: the Cornish-Fisher expansion from the normal quantile
 * (Abramowitz and Stegun 26.7.5), within 1 % at 95 % from 3 degrees of freedom up.
 */
function studentQuantile(probability: number, degreesOfFreedom: number): number {
  const z = probit(probability);
  const n = degreesOfFreedom;
  return (
    z +
    (z ** 3 + z) / (4 * n) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * n ** 3) +
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / (92160 * n ** 4)
  );
}

/** Mean of two or more values with its standard error and confidence interval. */
export function estimate(values: readonly number[]): Estimate {
  const center = mean([...values]);
  const standardError = sampleStandardDeviation([...values]) / Math.sqrt(values.length);
  const reach = studentQuantile(0.975, values.length - 1) * standardError;
  return { mean: center, standardError, low: center - reach, high: center + reach };
}

/**
 * Mean of `after[i] − before[i]`: what changed between two runs over the same chunks. Pairing removes
 * the differences between chunks, which are far larger than those between two quantizations.
 * @returns null when there are not as many of both, or fewer than two
 */
export function pairedDifference(before: readonly number[], after: readonly number[]): Estimate | null {
  if (before.length !== after.length || before.length < 2) return null;
  return estimate(after.map((value, index) => value - before[index]!));
}

/** Ratio of two perplexities from their chunks' mean NLLs in nats, with its paired confidence interval; null as {@link pairedDifference}. */
export function perplexityRatio(before: readonly number[], after: readonly number[]): Estimate | null {
  const difference = pairedDifference(before, after);
  if (!difference) return null;
  const ratio = Math.exp(difference.mean);
  return { mean: ratio, standardError: ratio * difference.standardError, low: Math.exp(difference.low), high: Math.exp(difference.high) };
}

/** The largest of what two lists of the same length differ by at one place; null for others and for empty ones. */
export function largestDifference(first: readonly number[], second: readonly number[]): number | null {
  if (first.length !== second.length || first.length === 0) return null;
  return Math.max(...first.map((value, index) => Math.abs(value - second[index]!)));
}

/** Quantiles of `values` at `probabilities`, each 0 to 1. */
export function quantiles(values: readonly number[], probabilities: readonly number[]): number[] {
  const sorted = [...values].sort((left, right) => left - right);
  return probabilities.map((probability) => quantileSorted(sorted, probability));
}
