import { describe, expect, it } from "vitest";
import { quantizes, rangesOf } from "../../harness/jobs/parts.ts";

describe("an evaluation in parts", () => {
  it("has parts of whole batches, as long as each other, the last of which goes to the end", () => {
    expect(rangesOf(520, 4, 4)).toEqual([{ first: 0, count: 128 }, { first: 128, count: 132 }, { first: 260, count: 128 }, { first: 388, count: null }]);
    expect(rangesOf(11, 4, 2)).toEqual([{ first: 0, count: 4 }, { first: 4, count: null }]);
    expect(rangesOf(7, 1, 3)).toEqual([{ first: 0, count: 2 }, { first: 2, count: 2 }, { first: 4, count: null }]);
  });

  it("has no more parts than batches, and at least one", () => {
    expect(rangesOf(11, 4, 100)).toEqual([{ first: 0, count: 4 }, { first: 4, count: 4 }, { first: 8, count: null }]);
    expect(rangesOf(0, 4, 3)).toEqual([{ first: 0, count: null }]);
  });

  it("covers all of it, however many there are", () => {
    for (let parts = 1; parts < 40; parts++) {
      const ranges = rangesOf(130, 4, parts);
      expect(ranges.reduce((next, { first, count }) => (first === next && first % 4 === 0 ? first + (count ?? NaN) : -1), 0)).toBeNaN();
    }
  });

  it("reads one quantized file where that is cheaper than quantizing in each part, and it can be kept", () => {
    expect(quantizes(4, { seconds: 60, bytes: 2e9 })).toBe("once");
    expect(quantizes(4, { seconds: 3, bytes: 2e9 })).toBe("each");
    expect(quantizes(4, { seconds: 3600, bytes: 40e9 })).toBe("each");
  });
});
