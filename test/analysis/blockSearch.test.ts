import { describe, expect, it } from "vitest";
import { searchScales } from "../../harness/analysis/blockSearch.ts";
import { encodeNearest } from "./encodeNearest.ts";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { halfToFloat } from "../../harness/analysis/half.ts";
import { iq4nlValues as values } from "../../harness/analysis/tables.ts";

/** Squared error of weights as C would code them. */
function codedError(weights: Float32Array, importance?: Float32Array): number {
  const { scales, codes } = encodeNearest(weights, values, { scale: "search", ...(importance && { importance, rowWeights: weights.length }) });
  return weights.reduce((sum, weight, index) => sum + (importance?.[index] ?? 1) * (weight - values[codes[index]! + 8]! * halfToFloat(scales[index >> 5]!)) ** 2, 0);
}

describe("the fast search of block scales", () => {
  const weights = gaussianValues(32 * 400, 1);
  const importance = gaussianValues(weights.length, 2).map((value) => value * value);

  it("finds scales as good as C's", () => {
    expect(searchScales({ weights }, values).error / codedError(weights)).toBeCloseTo(1, 3);
    expect(searchScales({ weights, importance }, values).error / codedError(weights, importance)).toBeCloseTo(1, 2);
  });

  it("leaves nothing of weights that the table holds", () => {
    const exact = Float32Array.from({ length: 64 }, (_, index) => (index < 32 ? 0.5 : -3) * values[index % 16]!);
    const { scales, error } = searchScales({ weights: exact }, values);
    expect(error).toBeLessThan(1e-6);
    expect([...scales]).toEqual([expect.closeTo(0.5, 6), expect.closeTo(-3, 6)]);
  });

  it("gives a block of zeros no scale", () => {
    expect(searchScales({ weights: new Float32Array(32) }, values)).toMatchObject({ error: 0, scales: new Float64Array(1) });
  });
});
