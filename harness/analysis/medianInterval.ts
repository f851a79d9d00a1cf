import { quantiles } from "./statistics.ts";

/** Where a true value lies in at least 95 of 100 cases. */
export interface Interval {
  low: number;
  high: number;
}

/** A median and where the true one may lie. */
export interface MedianInterval {
  median: number;
  /** Null of fewer than {@link fewestForInterval} values: no two of them hold the true median in 95 of 100 cases. */
  interval: Interval | null;
  count: number;
}

/** The extremes of so many values, and not of fewer, hold the true median in at least 95 of 100 cases: 1 − 2 · ½⁶. */
export const fewestForInterval = 6;

/**
 * The median of independent values, with an interval from their order alone: whatever their distribution,
 * the number of them below the true median is binomial with probability 1/2.
 *
 * @param values at least one
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = [...values].sort((one, other) => one - other);
  const count = sorted.length;
  const median = quantiles(sorted, [0.5])[0]!;
  if (count < fewestForInterval) return { median, interval: null, count };
  let cut = 0;
  // The probability that at most `cut` values lie below the median, and the next term of that sum.
  let tail = 0.5 ** count;
  let next = tail * count;
  while (2 * (tail + next) <= 0.05) {
    cut++;
    tail += next;
    next *= (count - cut) / (cut + 1);
  }
  return { median, interval: { low: sorted[cut]!, high: sorted[count - 1 - cut]! }, count };
}
