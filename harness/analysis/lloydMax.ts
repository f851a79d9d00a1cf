import type { CodeTable } from "./tables.ts";

/** A partition of an alphabet into intervals, each with the value that stands for it. */
export interface Partition {
  /** Index of the first letter of each interval. */
  starts: number[];
  values: number[];
  /** Sum over letters of weight × (position − value)². */
  error: number;
}

/** Sums up to each letter, from which the cost of any interval follows in constant time. */
function prefixSums(weights: ArrayLike<number>, positions: ArrayLike<number>): { weight: Float64Array; moment: Float64Array; power: Float64Array } {
  const length = weights.length + 1;
  const sums = { weight: new Float64Array(length), moment: new Float64Array(length), power: new Float64Array(length) };
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!;
    const position = positions[index]!;
    sums.weight[index + 1] = sums.weight[index]! + weight;
    sums.moment[index + 1] = sums.moment[index]! + weight * position;
    sums.power[index + 1] = sums.power[index]! + weight * position * position;
  }
  return sums;
}

/**
 * The Lloyd-Max quantizer that is optimal among all, by dynamic programming over interval ends
 * (Bruce 1965; Wu 1991), not the local optimum that Lloyd's iteration finds.
 * @param weights one per letter, not negative
 * @param positions where the letters lie, increasing
 * @param levels intervals wanted, at most the number of letters
 * @param wholeValues whether values must be whole numbers; the optimum is then exact for those:
 *   the cost is a parabola, so the whole number nearest to an interval's mean is its best
 * @throws RangeError when there are fewer letters than levels
 */
export function optimalPartition(weights: ArrayLike<number>, positions: ArrayLike<number>, levels: number, wholeValues = false): Partition {
  const letters = weights.length;
  if (levels < 1 || levels > letters) throw new RangeError(`${letters} letters cannot be cut into ${levels} intervals.`);
  const { weight, moment, power } = prefixSums(weights, positions);

  function valueOf(start: number, end: number): number {
    const total = weight[end]! - weight[start]!;
    const mean = total > 0 ? (moment[end]! - moment[start]!) / total : (positions[start]! + positions[end - 1]!) / 2;
    return wholeValues ? Math.round(mean) : mean;
  }
  function costOf(start: number, end: number): number {
    const value = valueOf(start, end);
    const cost = power[end]! - power[start]! - 2 * value * (moment[end]! - moment[start]!) + value * value * (weight[end]! - weight[start]!);
    return Math.max(0, cost);
  }

  let best = Float64Array.from({ length: letters + 1 }, (_, end) => (end === 0 ? 0 : Infinity));
  const cuts: Int32Array[] = [];
  for (let level = 1; level <= levels; level++) {
    const next = new Float64Array(letters + 1).fill(Infinity);
    const cut = new Int32Array(letters + 1);
    const previous = best;
    // The last cut never moves left as the end moves right: halving needs letters × log(letters) costs, not their square.
    const fill = (low: number, high: number, first: number, last: number): void => {
      if (low > high) return;
      const end = (low + high) >> 1;
      for (let start = first; start <= Math.min(last, end - 1); start++) {
        const cost = previous[start]! + costOf(start, end);
        if (cost < next[end]!) {
          next[end] = cost;
          cut[end] = start;
        }
      }
      fill(low, end - 1, first, cut[end]!);
      fill(end + 1, high, cut[end]!, last);
    };
    fill(level, letters, level - 1, letters - 1);
    cuts.push(cut);
    best = next;
  }
  const starts: number[] = [];
  const values: number[] = [];
  for (let level = levels - 1, end = letters; level >= 0; level--) {
    const start = cuts[level]![end]!;
    starts.unshift(start);
    values.unshift(valueOf(start, end));
    end = start;
  }
  return { starts, values, error: best[letters]! };
}

/**
 * The best of all 16-entry tables for a histogram of Q8_0 codes.
 * @param counts 256 counts or weights, index byte code + 128; weighted by each block's squared scale
 *   they make the error that of the weights, unweighted it is in units of the block's scale
 * @returns the table and its sum of weight × (code − decoded value)²
 */
export function lloydMaxTable(counts: ArrayLike<number>): { table: CodeTable; error: number } {
  const positions = Array.from({ length: 256 }, (_, index) => index - 128);
  const { starts, values, error } = optimalPartition(counts, positions, 16, true);
  const widths = starts.map((start, bin) => (starts[bin + 1] ?? 256) - start);
  return { table: { widths, values }, error };
}

/** Sum over byte codes of count × (code − decoded value)² that `table` leaves; counts as {@link lloydMaxTable}. */
export function tableError({ widths, values }: CodeTable, counts: ArrayLike<number>): number {
  let error = 0;
  let index = 0;
  widths.forEach((width, bin) => {
    for (let end = index + width; index < end; index++) error += counts[index]! * (index - 128 - values[bin]!) ** 2;
  });
  return error;
}
