import { expect, test } from "vitest";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { pairedDifference, perplexityRatio, quantiles, type Estimate } from "../../harness/analysis/statistics.ts";

/** Of values alone: how they differ from zeros. */
function estimate(values: readonly number[]): Estimate {
  return pairedDifference(values.map(() => 0), values)!;
}

test.each([[3, 3.182], [5, 2.571], [10, 2.228], [30, 2.042], [1000, 1.962]])("Student's t at 95 %%, %s degrees of freedom: %s", (degrees, value) => {
  const { low, high, standardError } = estimate([...gaussianValues(degrees + 1, 1)]);
  expect(Math.abs((high - low) / 2 / standardError / value - 1)).toBeLessThan(0.012);
});

test("pairing finds a small change among large differences between chunks", () => {
  const before = [...gaussianValues(200, 1, 1)];
  const noise = gaussianValues(200, 2, 0.02);
  const after = before.map((value, index) => value + 0.01 + noise[index]!);
  const difference = pairedDifference(before, after)!;
  expect(difference.low).toBeGreaterThan(0);
  expect(difference.low).toBeLessThan(0.01);
  expect(difference.high).toBeGreaterThan(0.01);
  expect(difference.standardError).toBeLessThan(0.002);
  expect(estimate(after).standardError).toBeGreaterThan(0.05);
  expect(perplexityRatio(before, after)!.mean).toBeCloseTo(Math.exp(difference.mean), 12);
});

test("the interval covers as often as it says", () => {
  let covered = 0;
  for (let seed = 0; seed < 2000; seed++) {
    const { low, high } = estimate([...gaussianValues(8, seed)]);
    if (low < 0 && high > 0) covered++;
  }
  expect(Math.abs(covered / 2000 - 0.95)).toBeLessThan(0.02);
});

test("identical runs differ by nothing", () => {
  expect(pairedDifference([1, 2, 3], [1, 2, 3])).toMatchObject({ mean: 0, standardError: 0, low: 0, high: 0 });
});

test.each([[[1, 2], [1]], [[1], [1]], [[], []]])("what cannot be paired or has no spread gives none: %j and %j", (before, after) => {
  expect(pairedDifference(before, after)).toBeNull();
  expect(perplexityRatio(before, after)).toBeNull();
});

test("quantiles", () => {
  expect(quantiles([3, 1, 2], [0, 0.5, 1])).toEqual([1, 2, 3]);
});
