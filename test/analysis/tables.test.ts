import { expect, test } from "vitest";
import { lloydMaxTable, optimalPartition, tableError } from "../../harness/analysis/lloydMax.ts";
import { seededRandom } from "../../harness/analysis/gaussian.ts";
import { balancedTable, basicTable, binStarts, equalAreaTable, nearestTable } from "../../harness/analysis/tables.ts";
import { readExpected } from "../../harness/regress/expected.ts";
import { tableFaults } from "../../harness/study/tables.ts";
import { codeOfByte } from "./schemes.ts";

const demoCounts = (await readExpected()).schemes.get("q8_0")!.codes;

test("the thesis's tables are valid and have their bins where it says", () => {
  expect(tableFaults(basicTable)).toEqual([]);
  expect(tableFaults(balancedTable)).toEqual([]);
  expect(binStarts(basicTable)).toEqual([-128, -64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64]);
  expect(codeOfByte(balancedTable)).toHaveLength(256);
  expect(codeOfByte(balancedTable)[128]).toBe(0);
});

test("bins to the nearest value, ties downwards", () => {
  const nearest = nearestTable(basicTable.values);
  expect(tableFaults(nearest)).toEqual([]);
  expect(codeOfByte(nearest)[128 + 3]).toBe(2);
  expect(codeOfByte(nearest)[128 + 2]).toBe(2);
  expect(codeOfByte(nearest)[128 - 96]).toBe(-8);
  expect(codeOfByte(nearest)[128 - 95]).toBe(-7);
  expect(tableError(nearest, demoCounts)).toBeLessThan(tableError(basicTable, demoCounts));
});

test("equal-area bins hold a sixteenth each, within a code's count, and decode to centroids", () => {
  const table = equalAreaTable(demoCounts);
  expect(tableFaults(table)).toEqual([]);
  const total = demoCounts.reduce((sum, count) => sum + count, 0);
  const largest = Math.max(...demoCounts);
  let start = 0;
  table.widths.forEach((width, bin) => {
    const counts = demoCounts.slice(start, start + width);
    const area = counts.reduce((sum, count) => sum + count, 0);
    const moment = counts.reduce((sum, count, index) => sum + count * (start + index - 128), 0);
    expect(table.values[bin]).toBe(Math.round(moment / area));
    expect(Math.abs(area - total / 16)).toBeLessThan(largest);
    start += width;
  });
});

test("a histogram with a few codes only still gives a table", () => {
  const counts = new Array<number>(256).fill(0).with(128, 10).with(255, 5);
  expect(tableFaults(equalAreaTable(counts))).toEqual([]);
  const { table, error } = lloydMaxTable(counts);
  expect(tableFaults(table)).toEqual([]);
  expect(error).toBe(0);
  expect(() => equalAreaTable(new Array<number>(256).fill(0))).toThrow(/without counts/);
});

/** The best partition by trying all of them, values from a grid of whole numbers when asked. */
function bruteForce(weights: number[], positions: number[], levels: number, wholeValues: boolean): number {
  let best = Infinity;
  function cost(start: number, end: number): number {
    const letters = positions.slice(start, end).map((position, index) => [position, weights[start + index]!] as const);
    const squares = (value: number): number => letters.reduce((sum, [position, weight]) => sum + weight * (position - value) ** 2, 0);
    if (wholeValues) return Math.min(...Array.from({ length: 81 }, (_, index) => squares(index - 40)));
    const total = letters.reduce((sum, [, weight]) => sum + weight, 0);
    return total > 0 ? squares(letters.reduce((sum, [position, weight]) => sum + weight * position, 0) / total) : 0;
  }
  function cut(start: number, left: number, spent: number): void {
    if (left === 1) {
      best = Math.min(best, spent + cost(start, weights.length));
      return;
    }
    for (let end = start + 1; end <= weights.length - left + 1; end++) cut(end, left - 1, spent + cost(start, end));
  }
  cut(0, levels, 0);
  return best;
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])("the partition is the best of all, alphabet %#", (seed) => {
  const random = seededRandom(seed);
  const letters = 6 + (seed % 5);
  const weights = Array.from({ length: letters }, () => (random() < 0.2 ? 0 : Math.floor(random() * 100)));
  let position = -20;
  const positions = Array.from({ length: letters }, () => (position += 1 + Math.floor(random() * 5)));
  for (const levels of [1, 2, 3, 4, letters])
    for (const wholeValues of [false, true]) {
      const partition = optimalPartition(weights, positions, levels, wholeValues);
      expect(partition.error).toBeCloseTo(bruteForce(weights, positions, levels, wholeValues), 6);
      const recomputed = positions.reduce((sum, at, letter) => {
        const interval = partition.starts.findLastIndex((start) => start <= letter);
        return sum + weights[letter]! * (at - partition.values[interval]!) ** 2;
      }, 0);
      expect(recomputed).toBeCloseTo(partition.error, 6);
    }
  expect(() => optimalPartition(weights, positions, letters + 1)).toThrow(RangeError);
});

test("on the demo model the optimum beats every other table, and its bins are nearest", () => {
  const { table, error } = lloydMaxTable(demoCounts);
  expect(tableFaults(table)).toEqual([]);
  expect(tableError(table, demoCounts)).toBeCloseTo(error, 3);
  for (const other of [basicTable, balancedTable, equalAreaTable(demoCounts), nearestTable(balancedTable.values)])
    expect(error).toBeLessThan(tableError(other, demoCounts));
  expect(tableError(nearestTable(table.values), demoCounts)).toBeCloseTo(error, 3);
});

test("16 levels for a Gaussian: Max's values (1960, table I)", () => {
  const positions = Array.from({ length: 2001 }, (_, index) => (index - 1000) / 200);
  const weights = positions.map((x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / 200);
  const { values, error, starts } = optimalPartition(weights, positions, 16);
  expect(error / 0.009497).toBeCloseTo(1, 2);
  [0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733].forEach((value, index) => {
    expect(Math.abs(values[8 + index]! - value)).toBeLessThan(5e-3);
    expect(Math.abs(values[7 - index]! + value)).toBeLessThan(8e-3);
  });
  expect(starts).toHaveLength(16);
});
