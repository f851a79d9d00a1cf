import { describe, expect, it } from "vitest";
import { account, secondsOf } from "../../../harness/bench/harness/account.ts";
import { cases } from "../../../harness/bench/harness/cases.ts";
import { covered, merged } from "../../../harness/bench/harness/intervals.ts";
import type { Measured } from "../../../harness/bench/harness/measureHarness.ts";
import { harnessTable, ratioLines, whereItGoes } from "../../../harness/bench/harness/table.ts";

const run = (program: string, start: number, end: number) => ({ program, start, end });

/** Ten seconds: one before any program, half a second between two, two at the end; a compressor alone for one second. */
const runs = [run("llama-quantize", 1, 2), run("xz", 2, 3), run("xz", 2.25, 2.75), run("llama-perplexity", 3.5, 6), run("llama-perplexity", 5, 8)];

it("counts time once that several stretches cover", () => {
  expect(covered([])).toBe(0);
  expect(covered([{ start: 4, end: 5 }, { start: 1, end: 3 }, { start: 2, end: 2.5 }, { start: 3, end: 3.5 }])).toBeCloseTo(3.5);
  expect(merged([{ start: 4, end: 5 }, { start: 1, end: 3 }, { start: 2, end: 2.5 }])).toEqual([{ start: 1, end: 3 }, { start: 4, end: 5 }]);
});

describe("the account of a sweep", () => {
  it("is programs, and the harness' own time before, between and after them", () => {
    const found = account({ seconds: 10, runs });
    expect(found).toMatchObject({ wall: 10, programs: 6.5, own: 3.5, share: 0.35, before: 1, between: 0.5, after: 2 });
    expect(found.shareWithCompressors).toBeCloseTo(0.45);
    expect(found.byProgram).toEqual([
      { program: "llama-quantize", runs: 1, seconds: 1 },
      { program: "xz", runs: 2, seconds: 1 },
      { program: "llama-perplexity", runs: 2, seconds: 4.5 },
    ]);
    expect(secondsOf({ runs }, "llama-perplexity")).toBe(5.5);
  });

  it("is all its own where no program ran", () => {
    expect(account({ seconds: 1.5, runs: [] })).toMatchObject({ programs: 0, own: 1.5, share: 1, before: 1.5, between: 0, after: 0 });
  });
});

describe("what is printed", () => {
  const sweepOf = (seconds: number, perplexity: number) => ({ seconds, runs: [run("llama-perplexity", 0.5, 0.5 + perplexity)], others: 0.02, load: 0.3 });
  const answers: Measured = {
    wanted: cases.find(({ name }) => name === "answers")!,
    runs: [sweepOf(10, 9), sweepOf(10, 8), sweepOf(10, 8.8)],
    others: [sweepOf(20, 18), sweepOf(16, 10), sweepOf(20, 16)],
    steps: [{ step: "count", records: 2, seconds: 0.5, program: 0, own: 0.5 }],
  };

  it("is the run in the middle, against what is wanted", () => {
    expect(harnessTable([answers]).split("\n")[1]).toMatch(/^answers: .*\b3 +10\.00 +8\.80 +1\.20 +12\.0 % +12\.0 % +own ≤ 15 % +yes +2\.0 % +0\.3$/);
    const stored: Measured = { wanted: cases.find(({ wanted }) => "seconds" in wanted)!, runs: [{ seconds: 2.5, runs: [], others: null, load: 0 }], others: [], steps: [] };
    expect(harnessTable([stored]).split("\n")[1]).toMatch(/2\.50 .*wall ≤ 2 s +NO +unknown/);
    expect(whereItGoes(answers)).toMatch(/count +2 +0\.50 +0\.00 +0\.50[^]*own: 0\.50 s until the first program, 0\.00 s between programs, 0\.50 s after/);
    expect(whereItGoes(stored)).toBe("");
  });

  it("is the median ratio of pairs that followed one another", () => {
    const [perplexity, whole] = ratioLines(answers);
    expect(perplexity).toContain("llama-perplexity, all runs ÷ the other checkout's: 0.550 (");
    expect(perplexity).toContain("pairs 0.500, 0.800, 0.550");
    expect(whole).toContain("the whole study ÷ the other checkout's: 0.500 (");
    expect(ratioLines({ ...answers, others: [] })).toEqual([]);
  });
});
