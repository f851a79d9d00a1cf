import { describe, expect, test } from "vitest";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { mcnemar } from "../../harness/analysis/mcnemar.ts";

/** Outcomes of which so many are right for both, the first only, the second only, and neither. */
function outcomes(both: number, onlyFirst: number, onlySecond: number, neither: number): [boolean[], boolean[]] {
  const repeat = (count: number, value: boolean): boolean[] => Array<boolean>(count).fill(value);
  return [
    [...repeat(both + onlyFirst, true), ...repeat(onlySecond + neither, false)],
    [...repeat(both, true), ...repeat(onlyFirst, false), ...repeat(onlySecond, true), ...repeat(neither, false)],
  ];
}

/** Two-sided exact p-value in whole numbers. */
function exactly(fewer: number, throws: number): number {
  let term = 1n;
  let sum = 0n;
  for (let heads = 0; heads <= fewer; heads++) {
    sum += term;
    term = (term * BigInt(throws - heads)) / BigInt(heads + 1);
  }
  return Number((2n * sum * 10n ** 30n) / 2n ** BigInt(throws)) / 1e30;
}

test("airway hyper-responsiveness before and after stem cell transplantation, Fagerland et al. 2013: exact 0.070, mid-p 0.039", () => {
  const found = mcnemar(...outcomes(1, 1, 7, 12));
  expect(found).toMatchObject({ tasks: 21, onlyFirst: 1, onlySecond: 7 });
  expect(found.exactProbability).toBeCloseTo(0.0703125, 12);
  expect(found.midProbability).toBeCloseTo(0.0390625, 12);
  expect(found.difference).toBeCloseTo(8 / 21 - 2 / 21, 12);
  expect(found.standardError).toBeCloseTo(Math.sqrt(8 - 36 / 21) / 21, 12);
});

test("approval of a prime minister, Agresti 2002, table 10.1: difference -0.04, its error 0.0095", () => {
  const found = mcnemar(...outcomes(794, 150, 86, 570));
  expect(found.firstAccuracy).toBeCloseTo(0.59, 12);
  expect(found.secondAccuracy).toBeCloseTo(0.55, 12);
  expect(found.difference).toBeCloseTo(-0.04, 12);
  expect(found.standardError).toBeCloseTo(0.0095, 4);
  expect(found.exactProbability / exactly(86, 236)).toBeCloseTo(1, 9);
  expect(found.exactProbability).toBeLessThan(1e-4);
});

test.each([[0, 1], [0, 5], [3, 4], [10, 25], [480, 520], [4900, 5100], [100, 3000]])("exact sums: %d against %d", (onlyFirst, onlySecond) => {
  const { exactProbability, midProbability } = mcnemar(...outcomes(5, onlyFirst, onlySecond, 5));
  const expected = exactly(onlyFirst, onlyFirst + onlySecond);
  if (expected > 1e-15) expect(exactProbability / expected).toBeCloseTo(1, 9);
  else expect(exactProbability).toBeLessThan(1e-15);
  expect(midProbability).toBeLessThanOrEqual(exactProbability);
  const turned = mcnemar(...outcomes(5, onlySecond, onlyFirst, 5));
  expect(turned).toMatchObject({ exactProbability, midProbability });
});

describe("nothing to tell", () => {
  test.each([[0, 1], [1, 0.75], [2, 1 - 6 / 32]])("%d against as many", (differing, midProbability) => {
    const found = mcnemar(...outcomes(9, differing, differing, 3));
    expect(found).toMatchObject({ difference: 0, exactProbability: 1 });
    expect(found.midProbability).toBeCloseTo(midProbability, 12);
  });

  test("tasks that cannot be paired", () => {
    expect(() => mcnemar([true], [])).toThrow(RangeError);
    expect(() => mcnemar([], [])).toThrow(RangeError);
  });
});

test("models that are equally good are told apart as often as the level says, by mid-p", () => {
  let told = 0;
  for (let seed = 0; seed < 2000; seed++) {
    const values = gaussianValues(200, seed);
    const first = Array.from({ length: 100 }, (_, task) => values[task]! > 0);
    const second = first.map((right, task) => (values[100 + task]! > 0.7 ? values[100 + task]! % 0.01 > 0.005 : right));
    if (mcnemar(first, second).midProbability < 0.05) told++;
  }
  expect(told / 2000).toBeGreaterThan(0.025);
  expect(told / 2000).toBeLessThan(0.065);
});
