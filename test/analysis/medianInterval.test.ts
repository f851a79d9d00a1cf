import { describe, expect, it } from "vitest";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { fewestForInterval, medianInterval } from "../../harness/analysis/medianInterval.ts";

describe("medianInterval", () => {
  it("has the tabled order statistics for 95 %", () => {
    // David and Nagaraja, Order Statistics, section 7.1: lower rank of the interval by sample size.
    const ranks = { 6: 1, 8: 1, 9: 2, 12: 3, 15: 4, 20: 6, 30: 10 };
    for (const [count, rank] of Object.entries(ranks)) {
      const values = Array.from({ length: Number(count) }, (_, index) => index + 1);
      expect(medianInterval(values), count).toMatchObject({ interval: { low: rank, high: Number(count) + 1 - rank } });
    }
  });

  it("gives no interval where there are too few values, however much they agree", () => {
    expect(medianInterval([3, 1, 2])).toEqual({ median: 2, interval: null, count: 3 });
    expect(medianInterval([5, 5, 5, 5, 5])).toEqual({ median: 5, interval: null, count: 5 });
    expect(medianInterval([5, 5, 5, 5, 5, 5])).toEqual({ median: 5, interval: { low: 5, high: 5 }, count: 6 });
  });

  it("needs as many values as make the extremes miss in less than 5 of 100 cases", () => {
    expect(2 * 0.5 ** fewestForInterval).toBeLessThanOrEqual(0.05);
    expect(2 * 0.5 ** (fewestForInterval - 1)).toBeGreaterThan(0.05);
  });

  it("holds the true median in 95 of 100 samples or more", () => {
    let held = 0;
    for (let sample = 0; sample < 1000; sample++) {
      const { interval } = medianInterval([...gaussianValues(20, sample + 1, 1)]);
      if (interval && interval.low <= 0 && interval.high >= 0) held++;
    }
    expect(held).toBeGreaterThanOrEqual(940);
  });
});
