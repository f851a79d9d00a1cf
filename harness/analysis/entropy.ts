import { errorFunction } from "simple-statistics";
import { total } from "./histogram.ts";
import { zeroRunBins } from "./zeroRuns.ts";

/** Order-0 entropy of a source with these counts, in bits per code; 0 without counts. */
export function entropy(counts: ArrayLike<number>): number {
  const sum = total(counts);
  let bits = 0;
  for (let index = 0; index < counts.length; index++) {
    const share = counts[index]! / sum;
    if (share > 0) bits -= share * Math.log2(share);
  }
  return bits;
}

/**
 * Entropy of a code given the one before it, in bits per code.
 * @param pairs `alphabet`² counts, index previous × alphabet + next
 */
export function conditionalEntropy(pairs: ArrayLike<number>, alphabet: number): number {
  const previous = new Float64Array(alphabet);
  for (let index = 0; index < alphabet * alphabet; index++) previous[Math.floor(index / alphabet)]! += pairs[index]!;
  return entropy(pairs) - entropy(previous);
}

/**
 * Expected zero-run histogram of `length` independent codes that are zero with probability `zero`:
 * 16 counts, lengths 1 to 15, then 16 and more. Exact, ends of the stream included.
 * A run of at least L starts at the first code with probability zero^L, and at each of the
 * length − L later places with (1 − zero)·zero^L.
 */
export function expectedZeroRuns(length: number, zero: number): number[] {
  const atLeast = (run: number): number => (run > length ? 0 : zero ** run * (1 + (length - run) * (1 - zero)));
  return Array.from({ length: zeroRunBins }, (_, index) => (index + 1 === zeroRunBins ? atLeast(zeroRunBins) : atLeast(index + 1) - atLeast(index + 2)));
}

/** A chi-square test of counts against expected ones. */
export interface ChiSquare {
  statistic: number;
  degreesOfFreedom: number;
  /** Probability of a statistic at least as large by chance; 0 when below about 1e-7. */
  probability: number;
}

/**
 * Pearson's chi-square of `observed` against `expected`, scaled to the same total. Neighbouring bins
 * are merged until each expects at least 5. The probability uses Wilson and Hilferty's cube-root
 * approximation, good to about 1e-3.
 * @param parameters how many parameters of the expectation were fitted to the same data
 */
export function chiSquare(observed: ArrayLike<number>, expected: ArrayLike<number>, parameters = 0): ChiSquare {
  const scale = total(observed) / total(expected);
  const bins: { observed: number; expected: number }[] = [];
  let open = { observed: 0, expected: 0 };
  for (let index = 0; index < observed.length; index++) {
    open = { observed: open.observed + observed[index]!, expected: open.expected + scale * expected[index]! };
    if (open.expected < 5) continue;
    bins.push(open);
    open = { observed: 0, expected: 0 };
  }
  const last = bins.at(-1);
  if (last) {
    last.observed += open.observed;
    last.expected += open.expected;
  }
  const statistic = total(bins.map((bin) => (bin.observed - bin.expected) ** 2 / bin.expected));
  const degreesOfFreedom = bins.length - 1 - parameters;
  if (degreesOfFreedom < 1) return { statistic, degreesOfFreedom: Math.max(0, degreesOfFreedom), probability: NaN };
  const spread = 2 / (9 * degreesOfFreedom);
  const normal = (Math.cbrt(statistic / degreesOfFreedom) - (1 - spread)) / Math.sqrt(spread);
  return { statistic, degreesOfFreedom, probability: Math.max(0, (1 - errorFunction(normal / Math.SQRT2)) / 2) };
}
