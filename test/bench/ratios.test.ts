import { describe, expect, it } from "vitest";
import { ratioOf, type Measurement } from "../../harness/bench/ratios.ts";
import { rows, type Row, type Wanted } from "../../harness/bench/rows.ts";
import { subjectNamed } from "../../harness/bench/subjects.ts";
import { ratioTable } from "../../harness/bench/table.ts";

const row: Row = { name: "tg64: p ÷ u", measure: "tg64", patched: "p", upstream: "u", wanted: { of: "ratio", atLeast: 0.9 } };

function measured(patched: number[], upstream: number[]): Measurement[] {
  const list = (subject: string, position: number, values: number[]): Measurement[] =>
    values.map((value, index) => ({ model: "m", measure: "tg64", subject, round: index + 1, position, value, others: 0 }));
  const others: Measurement = { model: "other", measure: "tg64", subject: "p", round: 1, position: 3, value: 1e9, others: 0 };
  // Out of order, as every second round is.
  return [others, ...list("p", 2, patched).reverse(), ...list("u", 3, upstream)];
}

describe("a ratio", () => {
  it("is of measurements that follow one another, also where one is measured twice a round", () => {
    const one = (subject: string, round: number, position: number, value: number): Measurement => ({ model: "m", measure: "tg64", subject, round, position, value, others: 0 });
    const measurements = [one("u", 1, 1, 2), one("q", 1, 2, 1), one("u", 1, 3, 4), one("p", 1, 4, 8), one("u", 2, 1, 5), one("p", 2, 2, 15)];
    const { ratio, upstream } = ratioOf(row, "m", measurements);
    expect(ratio).toMatchObject({ lowest: 2, highest: 3, count: 2 });
    expect(upstream?.count).toBe(3);
  });

  it("is taken within each round, and its median is not the ratio of medians", () => {
    const { ratio, patched, upstream } = ratioOf(row, "m", measured([1, 20, 30], [2, 10, 10]));
    expect(ratio).toMatchObject({ lowest: 0.5, median: 2, highest: 3, count: 3 });
    expect([patched?.median, upstream?.median]).toEqual([20, 10]);
    expect(ratioOf(row, "m", measured([9, 4, 30], [10, 2, 10])).ratio?.median).toBe(2);
  });

  it("counts only rounds with both sides, and is empty without one", () => {
    expect(ratioOf(row, "m", measured([1, 2], [1])).ratio).toMatchObject({ median: 1, count: 1 });
    expect(ratioOf(row, "m", measured([1], []))).toMatchObject({ patched: { median: 1 }, upstream: null, ratio: null, holds: null, decided: null });
  });

  const verdicts: [Partial<Wanted>, boolean][] = [
    [{ atLeast: 0.9 }, true], [{ atLeast: 0.91 }, false], [{ atMost: 0.9 }, true], [{ atMost: 0.89 }, false],
    [{ of: "value", atMost: 9 }, true], [{ of: "value", atMost: 8.9 }, false],
  ];
  it.each(verdicts)("of 0.9, wanted %o: %s", (wanted, holds) => {
    expect(ratioOf({ ...row, wanted: { of: "ratio", ...wanted } }, "m", measured([9, 9], [10, 10])).holds).toBe(holds);
  });

  const intervals: [number[], boolean, boolean][] = [
    [[9, 9, 9, 9, 9, 9], true, true], [[8, 8, 8, 8, 8, 8], false, true], [[8, 9, 9, 9, 9, 9], true, false], [[9, 8, 8, 8, 8, 8], false, false],
    // Five values have no interval, however clear they are.
    [[9, 9, 9, 9, 9], true, false], [[1, 1, 1, 1, 1], false, false],
    // The interval of twelve values leaves two out on either side.
    [[1, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], true, true],
  ];
  it.each(intervals)("of %o tenths, at least 0.9: %s, decided: %s", (tenths, holds, decided) => {
    expect(ratioOf(row, "m", measured(tenths, tenths.map(() => 10)))).toMatchObject({ holds, decided });
  });

  it("of sides that are fast by turns is undecided", () => {
    const byTurns = (count: number, first: number, second: number): number[] => Array.from({ length: count }, (_, index) => (index % 2 === 0 ? first : second));
    for (const count of [2, 6, 7, 32]) expect(ratioOf(row, "m", measured(byTurns(count, 370, 90), byTurns(count, 90, 370))), String(count)).toMatchObject({ decided: false });
    expect(ratioOf(row, "m", measured([370, 380], [90, 85]))).toMatchObject({ holds: true, decided: false, interval: null });
  });

  it("is without pairs during which others took more than a tenth of the processors", () => {
    const disturb = (shares: Record<string, (number | null)[]>) =>
      measured([9, 9, 9, 9], [10, 10, 10, 10]).map((one) => ({ ...one, others: shares[one.subject]?.[one.round - 1] ?? null }));
    const { ratio, patched, upstream, thrownAway } = ratioOf(row, "m", disturb({ p: [0.1, 0.11, 0, 0], u: [0, 0, 0.9, null] }));
    expect([ratio?.count, patched?.count, upstream?.count, thrownAway]).toEqual([2, 3, 3, 2]);
    expect(ratioOf(row, "m", disturb({ p: [1, 1, 1, 1] }))).toMatchObject({ ratio: null, interval: null, holds: null, decided: false, thrownAway: 4 });
    const ofValue = { ...row, wanted: { of: "value", atMost: 9 } as const };
    expect(ratioOf(ofValue, "m", disturb({ p: [1, 1, 1, 1] }))).toMatchObject({ holds: null, decided: false });
    expect(ratioOf(ofValue, "m", measured([9, 9, 9, 9, 9, 9], [1, 1, 1, 1, 1, 1]))).toMatchObject({ holds: true, decided: true });
  });
});

it("the table says what holds", () => {
  const lines = ratioTable([[9, 9, 9, 9, 9, 9], [8, 9]].map((values) => ratioOf(row, "m", measured(values, values.map(() => 10))))).split("\n");
  expect(lines[0]).toMatch(/^model +what +patched +upstream +unit +ratio +quartiles +median's 95 % +wanted +holds\? +thrown away$/);
  expect(lines[1]).toMatch(/^m +tg64: p ÷ u +9\.00 +10\.00 +tokens\/s +0\.900 +0\.900…0\.900 +0\.900…0\.900 +≥ 0\.9 +yes +0$/);
  expect(lines[2]).toMatch(/ 0\.850 +\S+ +≥ 0\.9 +NO\? +0$/);
  expect(ratioTable([ratioOf(row, "m", measured([9], []))])).toMatch(/\nm +tg64: p ÷ u +9\.00 +tokens\/s +≥ 0\.9 +– +0$/);
  const noisy = measured([9], [10]).map((one) => ({ ...one, others: 0.5 }));
  expect(ratioTable([ratioOf(row, "m", noisy)])).toMatch(/\nm +tg64: p ÷ u +tokens\/s +≥ 0\.9 +\? +1$/);
});

describe("the rows", () => {
  it("compare a patched subject with an upstream one that is there", () => {
    for (const { patched, upstream } of rows) {
      expect(subjectNamed(patched).variant).toBe("patched");
      expect(subjectNamed(upstream).variant).toBe("upstream");
    }
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it("read files of subjects that are there, and count only where a conf says so", () => {
    for (const { name, file, histogram, conf, variant } of rows.flatMap(({ patched, upstream }) => [patched, upstream]).map(subjectNamed)) {
      if (file !== undefined) expect(subjectNamed(file).file, name).toBeUndefined();
      if (histogram) expect(conf, name).not.toBeNull();
      if (variant === "upstream") expect(conf, name).toBeNull();
    }
  });
});
