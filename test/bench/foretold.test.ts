import { expect, it } from "vitest";
import { foretold } from "../../harness/bench/scale/foretold.ts";
import type { Rate } from "../../harness/store/rates.ts";

const rate = (work: number, seconds: number, on?: string): Rate => ({ of: "evaluate", kind: "Q4_0", work, threads: 2, machine: "m", seconds: [seconds], ...(on !== undefined && { on }) });

it("a time is held against what less work foretells, on the same device", () => {
  const found = foretold([rate(1e9, 10), rate(1e10, 100), rate(1e9, 1, "vulkan: Card X"), rate(1e10, 10, "vulkan: Card X")]);
  expect(found.map(({ seconds, stretch }) => [seconds, stretch])).toEqual([[10, 1], [100, 10], [1, 1], [10, 10]]);
  const [first, processor, , device] = found;
  expect(first!.fromSmaller).toBeNull();
  expect(processor!.fromSmaller! / device!.fromSmaller!).toBeCloseTo(10);
});
