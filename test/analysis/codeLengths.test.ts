import { describe, expect, it } from "vitest";
import { huffmanBits, rangeCoderBits } from "../../harness/analysis/codeLengths.ts";
import { entropy } from "../../harness/analysis/entropy.ts";
import { seededRandom } from "../../harness/analysis/gaussian.ts";

const many = 1e9;

describe("Huffman's code", () => {
  it("is the entropy for powers of one half", () => {
    expect(huffmanBits([8, 4, 2, 1, 1].map((count) => count * many))).toBeCloseTo(1.875, 6);
    expect(huffmanBits(new Array<number>(16).fill(many))).toBeCloseTo(4, 6);
  });
  it("is the known one of an example", () => {
    // Cormen et al., figure 16.3: 45, 13, 12, 16, 9, 5 take 224 bits.
    expect(huffmanBits([45, 13, 12, 16, 9, 5]) * 100 - 6 * 4).toBeCloseTo(224, 9);
  });
  it("is within a bit of the entropy, and the range coder at it", () => {
    const random = seededRandom(1);
    for (let round = 0; round < 50; round++) {
      const counts = Array.from({ length: 16 }, () => Math.floor(random() ** 4 * many));
      expect(huffmanBits(counts)).toBeGreaterThanOrEqual(entropy(counts));
      expect(huffmanBits(counts)).toBeLessThan(entropy(counts) + 1);
      expect(rangeCoderBits(counts)).toBeCloseTo(entropy(counts), 5);
    }
  });
  it("takes a bit where one code stands alone, and nothing of nothing", () => {
    expect(huffmanBits([0, many])).toBeCloseTo(1, 6);
    expect(huffmanBits([0, 0])).toBe(0);
    expect(rangeCoderBits([0, 0])).toBe(0);
  });
  it("counts what it must send ahead", () => {
    expect(rangeCoderBits([1, 1])).toBe(1 + 16);
    expect(huffmanBits([1, 1])).toBe(1 + 4);
  });
});
