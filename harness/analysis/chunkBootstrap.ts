import { sampleStandardDeviation } from "simple-statistics";
import { seededRandom } from "./gaussian.ts";

/** Values of tokens in ascending order, each with the chunk that it is of. */
export interface SortedTokens {
  values: Float32Array;
  /** Index of the chunk among those that were sorted. */
  chunks: Uint32Array;
}

const chunkLimit = 2 ** 20;

/**
 * Sorts the tokens of chunks together, rounded to single precision.
 * @param chunks values of each chunk, fewer than 2²⁰ of them
 */
export function sortTokens(chunks: readonly Float64Array[]): SortedTokens {
  // A key is 32 bits that order as the float does, and the chunk behind them: doubles hold that exactly, and
  // typed arrays are sorted natively, many times faster than with a comparison function.
  const keys = new Float64Array(chunks.reduce((sum, { length }) => sum + length, 0));
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  let next = 0;
  for (const [chunk, values] of chunks.entries()) {
    for (const value of values) {
      float[0] = value;
      const ordered = bits[0]! >>> 31 ? ~bits[0]! >>> 0 : bits[0]! + 0x80000000;
      keys[next++] = ordered * chunkLimit + chunk;
    }
  }
  keys.sort();
  const sorted = { values: new Float32Array(keys.length), chunks: new Uint32Array(keys.length) };
  for (let index = 0; index < keys.length; index++) {
    const ordered = Math.floor(keys[index]! / chunkLimit);
    bits[0] = ordered >= 0x80000000 ? ordered - 0x80000000 : ~ordered;
    sorted.values[index] = float[0]!;
    sorted.chunks[index] = keys[index]! - ordered * chunkLimit;
  }
  return sorted;
}

/** Quantiles of the tokens with each counted as often as its chunk was drawn; in all as often as there are tokens. */
function weightedQuantiles({ values, chunks }: SortedTokens, weights: Uint32Array, descending: readonly number[]): number[] {
  const last = values.length - 1;
  const positions = descending.map((fraction) => fraction * last);
  const found: number[] = [];
  let index = values.length;
  let counted = 0;
  for (const position of positions) {
    const low = Math.floor(position);
    while (counted <= last - Math.min(low + 1, last)) counted += weights[chunks[--index]!]!;
    const upper = values[index]!;
    while (counted <= last - low) counted += weights[chunks[--index]!]!;
    const lower = values[index]!;
    found.push(lower + (position - low) * (upper - lower));
  }
  return found;
}

/**
 * Standard errors of quantiles over tokens, by a bootstrap over chunks with a fixed seed: whole chunks are drawn
 * with replacement, since tokens of one chunk share its text and are not independent (Field and Welsh 2007,
 * "Bootstrapping clustered data", J. R. Stat. Soc. B 69). Not by a jackknife: leaving out one chunk after another
 * moves a quantile by a few places in the order, too little for its variance to be estimated consistently (Efron
 * 1982, "The Jackknife, the Bootstrap and Other Resampling Plans", section 3.4), while the bootstrap's is
 * consistent (Ghosh et al. 1984, "A note on bootstrapping the sample median", Ann. Statist. 12).
 * The factor √(n ∕ (n − 1)) over n chunks makes it unbiased for a mean. 200 draws: each error is known to 5 %.
 * @param chunkCount chunks in `tokens`, of equal size
 * @param fractions above 0 and below 1
 * @returns an error for each fraction, in the values' unit; null of fewer than two chunks
 */
export function quantileErrors(tokens: SortedTokens, chunkCount: number, fractions: readonly number[]): number[] | null {
  if (chunkCount < 2) return null;
  const descending = fractions.toSorted((left, right) => right - left);
  const random = seededRandom(1);
  const weights = new Uint32Array(chunkCount);
  const draws = Array.from({ length: 200 }, () => {
    weights.fill(0);
    for (let drawn = 0; drawn < chunkCount; drawn++) weights[Math.floor(random() * chunkCount)]!++;
    return weightedQuantiles(tokens, weights, descending);
  });
  const factor = Math.sqrt(chunkCount / (chunkCount - 1));
  return fractions.map((fraction) => factor * sampleStandardDeviation(draws.map((draw) => draw[descending.indexOf(fraction)]!)));
}
