import { expect, it } from "vitest";
import { countCodePairs } from "../../harness/analysis/codePairs.ts";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";

it.each([16, 256] as const)("counts codes and pairs of an alphabet of %i across the borders of pieces", (alphabet) => {
  const half = alphabet / 2;
  const codes = Int8Array.from(gaussianValues(5000, 7), (value) => Math.max(-half, Math.min(half - 1, Math.round((value * half) / 3))));
  const counts = new Float64Array(alphabet);
  const pairs = new Float64Array(alphabet * alphabet);
  codes.forEach((code, index) => {
    counts[code + half]!++;
    if (index > 0) pairs[(codes[index - 1]! + half) * alphabet + code + half]!++;
  });
  const counter = countCodePairs(alphabet);
  for (const [start, end] of [[0, 1], [1, 1], [1, 1234], [1234, 5000]]) counter.push(codes.subarray(start, end));
  expect(counter.result()).toEqual({ counts, pairs });
  expect(countCodePairs(alphabet).result().counts.every((count) => count === 0)).toBe(true);
});
