import { expect, test } from "vitest";
import { chiSquare, conditionalEntropy, entropy, expectedZeroRuns } from "../../harness/analysis/entropy.ts";
import { shares, zeroShare } from "../../harness/analysis/histogram.ts";
import { seededRandom } from "../../harness/analysis/gaussian.ts";
import { countZeroRuns } from "../../harness/analysis/zeroRuns.ts";
import { gaussianEntropy } from "./gaussianEntropy.ts";

test("entropies of known sources", () => {
  expect(entropy([1, 1, 1, 1])).toBe(2);
  expect(entropy([8, 0])).toBeCloseTo(0, 12);
  expect(entropy([3, 1])).toBeCloseTo(0.8112781244591328, 12);
  expect(entropy([])).toBe(0);
});

test.each([5, 12, 30])("a finely quantized Gaussian has the closed form's entropy, deviation %s", (deviation) => {
  const counts = Array.from({ length: 1001 }, (_, index) => Math.exp(-(((index - 500) / deviation) ** 2) / 2));
  expect(entropy(counts) / gaussianEntropy(deviation)).toBeCloseTo(1, 6);
});

test("conditional entropy: none in a cycle, all in an independent source", () => {
  expect(conditionalEntropy([0, 5, 5, 0], 2)).toBeCloseTo(0, 12);
  const independent = [0.5, 0.25, 0.25].flatMap((left) => [0.5, 0.25, 0.25].map((right) => left * right));
  expect(conditionalEntropy(independent, 3)).toBeCloseTo(1.5, 12);
});

/** The expectation by adding up all sequences. */
function enumerated(length: number, zero: number): number[] {
  const sum = new Array<number>(16).fill(0);
  for (let bits = 0; bits < 2 ** length; bits++) {
    const codes = Int8Array.from({ length }, (_, index) => (bits >> index) & 1);
    const ones = codes.reduce((count, code) => count + code, 0);
    const runs = countZeroRuns();
    runs.push(codes, 0);
    runs.histogram().forEach((count, index) => (sum[index]! += count * zero ** (length - ones) * (1 - zero) ** ones));
  }
  return sum;
}

test.each([[1, 0.3], [5, 0.3], [12, 0.8], [17, 0.9]])("expected zero runs of %s independent codes, zero with %s, are exact", (length, zero) => {
  const wanted = enumerated(length, zero);
  expectedZeroRuns(length, zero).forEach((count, index) => expect(count).toBeCloseTo(wanted[index]!, 9));
});

test("chi-square: independent zeros pass, zeros that cluster do not", () => {
  const random = seededRandom(3);
  const independent = Int8Array.from({ length: 400_000 }, () => (random() < 0.2 ? 0 : 1));
  const clustered = Int8Array.from(independent, (code, index) => (index % 2 ? independent[index - 1]! : code));
  const test = (codes: Int8Array): ReturnType<typeof chiSquare> => {
    const runs = countZeroRuns();
    runs.push(codes, 0);
    return chiSquare(runs.histogram(), expectedZeroRuns(codes.length, codes.filter((code) => code === 0).length / codes.length), 1);
  };
  expect(test(independent).probability).toBeGreaterThan(0.001);
  expect(test(clustered).probability).toBeLessThan(1e-6);
});

test("chi-square against tables: 3.84 is 5 % of one degree, 18.31 of ten", () => {
  expect(chiSquare([500 + 30.98, 500 - 30.98], [1, 1])).toMatchObject({ degreesOfFreedom: 1 });
  expect(chiSquare([500 + 30.98, 500 - 30.98], [1, 1]).probability).toBeCloseTo(0.05, 2);
  const shift = Math.sqrt((18.307 * 1000) / 10);
  const observed = Array.from({ length: 11 }, (_, index) => 1000 + (index === 10 ? 0 : index % 2 ? shift : -shift));
  expect(chiSquare(observed, observed.map(() => 1)).probability).toBeCloseTo(0.05, 2);
});

test("sparse bins are merged", () => {
  expect(chiSquare([50, 48, 1, 0, 1], [50, 48, 1, 0.5, 0.5]).degreesOfFreedom).toBe(1);
});

test("shares", () => {
  expect(zeroShare([0, 3, 1, 0])).toBe(0.25);
  expect(shares([1, 3])).toEqual([0.25, 0.75]);
});
