import { describe, expect, it } from "vitest";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { medianInterval } from "../../harness/analysis/medianInterval.ts";

describe("medianInterval", () => {
  it("has the tabled order statistics for 95 %", () => {
    // David and Nagaraja, Order Statistics, section 7.1: lower rank of the interval by sample size.
    const ranks = { 6: 1, 8: 1, 9: 2, 12: 3, 15: 4, 20: 6, 30: 10 };
    for (const [count, rank] of Object.entries(ranks)) {
      const values = Array.from({ length: Number(count) }, (_, index) => index + 1);
      expect(medianInterval(values), count).toMatchObject({ low: rank, high: Number(count) + 1 - rank });
    }
  });

  it("gives the extremes where there are too few values", () => {
    expect(medianInterval([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3, count: 3 });
    expect(medianInterval([5])).toEqual({ median: 5, low: 5, high: 5, count: 1 });
  });

  it("holds the true median in 95 of 100 samples or more", () => {
    let held = 0;
    for (let sample = 0; sample < 1000; sample++) {
      const { low, high } = medianInterval([...gaussianValues(20, sample + 1, 1)]);
      if (low <= 0 && high >= 0) held++;
    }
    expect(held).toBeGreaterThanOrEqual(940);
  });
});
