import { describe, expect, it } from "vitest";
import { searchScales } from "../../harness/analysis/blockSearch.ts";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { gaussianTableValues, jointTable } from "../../harness/analysis/jointTable.ts";
import { iq4nlValues } from "../../harness/analysis/tables.ts";
import { tableFaults } from "../../harness/study/tables.ts";

describe("a table fitted together with the scales", () => {
  const weights = gaussianValues(32 * 2000, 5);
  const fitted = jointTable({ weights });

  it("leaves less than IQ4_NL's table and the Gaussian's", () => {
    const power = weights.reduce((sum, weight) => sum + weight * weight, 0);
    for (const start of [iq4nlValues, gaussianTableValues]) expect(fitted.error).toBeLessThan((0.995 * searchScales({ weights }, start).error) / power);
  });

  it("is a table that pablo.conf can carry, without -128", () => {
    expect(tableFaults(fitted.table)).toEqual([]);
    expect(Math.max(...fitted.table.values.map(Math.abs))).toBe(127);
  });

  it("serves weights that it was not fitted to", () => {
    const others = gaussianValues(32 * 2000, 6);
    const power = others.reduce((sum, weight) => sum + weight * weight, 0);
    expect(searchScales({ weights: others }, fitted.table.values).error / power / fitted.error).toBeCloseTo(1, 1);
  });

  it("is the same every time", () => expect(jointTable({ weights })).toEqual(fitted));

  it("follows the weights: without error when they have 16 values", () => {
    const values = [-120, -90, -70, -60, -47, -30, -20, -5, 3, 16, 29, 41, 50, 80, 100, 127];
    const exact = Float32Array.from({ length: 3200 }, (_, index) => values[(index * 7 + (index >> 5)) % 16]! / 64);
    expect(jointTable({ weights: exact }, [gaussianTableValues]).error).toBeLessThan(1e-3);
  });
});
