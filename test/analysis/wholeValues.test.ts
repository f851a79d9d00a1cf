import { expect, it } from "vitest";
import { wholeValues } from "../../harness/analysis/wholeValues.ts";

it("whole values are stretched to 127 and rise", () => {
  expect(wholeValues([-2, -1.5, -1.2, -1, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.5])).toEqual(
    [-127, -95, -76, -63, -51, -38, -25, -13, 0, 13, 25, 38, 51, 64, 76, 95],
  );
  const crowded = wholeValues([...Array.from({ length: 15 }, (_, index) => index * 1e-6), 1]);
  expect(crowded).toEqual([...new Set(crowded)].sort((left, right) => left - right));
  expect(wholeValues(Array.from({ length: 16 }, (_, index) => 1 + index * 1e-6)).at(-1)).toBe(127);
});
