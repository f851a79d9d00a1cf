import { entropy } from "./entropy.ts";
import { total } from "./histogram.ts";

/** Bits that a coder must send ahead for each letter: a code length for Huffman, a frequency for a range coder. */
const lengthBits = 4;
const frequencyBits = 16;

/**
 * Bits per code of Huffman's optimal prefix code for these counts, the lengths of its words sent ahead.
 * One code that occurs alone still takes a bit. 0 without counts.
 */
export function huffmanBits(counts: ArrayLike<number>): number {
  const sum = total(counts);
  if (sum === 0) return 0;
  const weights = Array.from(counts).filter((count) => count > 0);
  if (weights.length === 1) weights.push(0);
  let bits = counts.length * lengthBits;
  // Every join of two subtrees puts one more bit on all codes below.
  while (weights.length > 1) {
    weights.sort((left, right) => right - left);
    const joined = weights.pop()! + weights.pop()!;
    bits += joined;
    weights.push(joined);
  }
  return bits / sum;
}

/** Bits per code of a range coder with these counts as its fixed model, its frequencies sent ahead. 0 without counts. */
export function rangeCoderBits(counts: ArrayLike<number>): number {
  const sum = total(counts);
  return sum === 0 ? 0 : entropy(counts) + (counts.length * frequencyBits) / sum;
}
