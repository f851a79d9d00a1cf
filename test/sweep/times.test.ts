import { describe, expect, it } from "vitest";
import type { Rate } from "../../harness/store/rates.ts";
import { expectedSeconds } from "../../harness/sweep/forecast/times.ts";

const small = 1e6;
const large = 1e9;

function rate(kind: string, work: number, seconds: number[], threads = 2): Rate {
  return { of: "evaluate", kind, work, threads, machine: "any", seconds };
}

describe("expectedSeconds", () => {
  const asked = { of: "evaluate", kind: "Q8_0", work: large, threads: 2 };

  it("knows nothing of what was never run, and takes the median of what was", () => {
    expect(expectedSeconds([], asked)).toEqual({ seconds: null, stretch: 1 });
    expect(expectedSeconds([rate("Q8_0", large, [9, 10, 50])], asked)).toEqual({ seconds: 10, stretch: 1 });
  });

  it("does not take what starting takes for work", () => {
    const rates = [rate("Q8_0", small, [1]), rate("Q8_0", large / 10, [11])];
    expect(expectedSeconds(rates, asked).seconds).toBeCloseTo(101, 0);
    expect(expectedSeconds(rates, { ...asked, work: small / 100 }).seconds).toBeCloseTo(1, 1);
    expect(expectedSeconds(rates, { ...asked, work: small }).seconds).toBe(1);
  });

  it("goes with the work, and against the threads", () => {
    expect(expectedSeconds([rate("Q8_0", small, [1])], asked)).toEqual({ seconds: 1000, stretch: 1000 });
    expect(expectedSeconds([rate("Q8_0", large, [16])], { ...asked, threads: 16 }).seconds).toBeCloseTo(2);
  });

  it("tells a kind that was run on little alone from another of the same size, by what both took on little", () => {
    const rates = [rate("Q8_0", small, [3]), rate("Q4_0", small, [2]), rate("Q4_0", large, [100])];
    const { seconds, stretch } = expectedSeconds(rates, asked);
    expect(seconds).toBeGreaterThan(145);
    expect(seconds).toBeLessThan(150);
    expect(stretch).toBe(1);
  });

  it("takes another kind as it is where the two were never run on the same", () => {
    expect(expectedSeconds([rate("Q4_0", large, [100])], asked).seconds).toBe(100);
  });
});
