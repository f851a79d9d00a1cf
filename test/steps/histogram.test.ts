import { describe, expect, it } from "vitest";
import type { Histogram } from "../../harness/gguf/codes.ts";
import { compareHistograms, parseHistogram, recordedHistogram } from "../../harness/steps/histogram.ts";

function rising(length: number): number[] {
  return Array.from({ length }, (_value, index) => index);
}

function histogram(): Histogram {
  return { tensors: [{ name: "w", type: "Q4_0", shape: [32, 4], counts: rising(16) }, { name: "v", type: "Q8_0", shape: [32, 4], counts: rising(256) }], zeroRuns: rising(16) };
}

const json = { pablo: [{ tensors: histogram().tensors.map(({ counts, ...tensor }) => ({ ...tensor, hist: counts })) }, { groups: rising(16) }] };

describe("the library's histogram", () => {
  it("is read in the fork's shape", () => expect(parseHistogram(JSON.stringify(json))).toEqual(histogram()));

  it.each(["", "{", "{}", '{"pablo":[]}', JSON.stringify(json).replace('"groups":[0,', '"groups":['), JSON.stringify(json).replace("[0,1,", "[0,-1,")])(
    "is refused in another: %s",
    (text) => expect(() => parseHistogram(text)).toThrow(/histogram/),
  );

  it("must equal the count over the file in every number", () => {
    compareHistograms(histogram(), histogram());
    const changes: [(one: Histogram) => void, RegExp][] = [
      [(one) => one.tensors.pop(), /other tensors/],
      [(one) => one.tensors.reverse(), /other tensors/],
      [(one) => (one.tensors[1]!.counts[200] = 7), /tensor v, code index 200: the library counted 200, the file has 7/],
      [(one) => (one.zeroRuns[15] = 0), /zero runs of length 16: the library counted 15, the file has 0/],
    ];
    for (const [change, message] of changes) {
      const other = histogram();
      change(other);
      expect(() => compareHistograms(histogram(), other)).toThrow(message);
    }
  });

  it("is kept with the code that each tensor's counts begin at", () => {
    const first = [[], ["Q4_0"], ["Q8_0"]].map((own) => recordedHistogram(histogram(), own).tensors.map(({ firstCode }) => firstCode));
    expect(first).toEqual([[0, -128], [-8, -128], [0, -128]]);
  });
});
