import { quantiles } from "./statistics.ts";

/** A median and where it may lie. */
export interface MedianInterval {
  median: number;
  /** Bounds of an interval that holds the true median in at least 95 of 100 cases. */
  low: number;
  high: number;
  count: number;
}

/**
 * The median of independent values, with an interval from their order alone: whatever their distribution,
 * the number of them below the true median is binomial with probability 1/2. Fewer than 6 values allow no
 * such interval; the extremes are given.
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = [...values].sort((one, other) => one - other);
  const count = sorted.length;
  let cut = 0;
  // The probability that at most `cut` values lie below the median, and the next term of that sum.
  let tail = 0.5 ** count;
  let next = tail * count;
  while (2 * (tail + next) <= 0.05) {
    cut++;
    tail += next;
    next *= (count - cut) / (cut + 1);
  }
  return { median: quantiles(sorted, [0.5])[0]!, low: sorted[cut]!, high: sorted[count - 1 - cut]!, count };
}
