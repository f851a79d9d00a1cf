import { expect, it } from "vitest";
import { compareExpected, readExpected } from "../../harness/regress/expected.ts";
import { compareReference, makeReference, readReference } from "../../harness/regress/reference.ts";
import { makeTally, type Tally } from "../../harness/regress/tally.ts";
import type { Measured } from "../../harness/report/load.ts";
import { findStudy } from "../../harness/study/find.ts";
import { loadStudy } from "../../harness/study/find.ts";

function measuredCell(name: string, ppl: number, more: Partial<Measured["record"]> = {}): Measured {
  const cell = { name, type: "Q4_0", mode: "own", radius: 1, decode: name.endsWith("-published") ? "published" : "exact", container: "native" };
  const record = {
    file: { bytes: 1000 }, perplexity: { ppl, chunks: [1, 2] },
    tensors: [{ name: "t", shape: [32], type: "Q4_0", bytes: 18, elements: 32, fallback: null }], histogram: null, ...more,
  };
  return { cell, record, key: "", failure: null } as unknown as Measured;
}

function details(compare: (tally: Tally) => void): string[] {
  const tally = makeTally();
  compare(tally);
  return tally.outcome("").details;
}

it("the committed reference has every cell of the study, and states its tolerances", async () => {
  const reference = await readReference();
  expect(reference.cells.map(({ cell }) => cell)).toEqual(loadStudy(findStudy("thesis")).cells.map(({ name }) => name));
  expect(reference.tolerances.ppl.every(({ share }) => share > 0 && share <= 0.1)).toBe(true);
});

it("the committed reference agrees with expected.json, where that knows a cell", async () => {
  const [reference, expected] = [await readReference(), await readExpected()];
  let compared = 0;
  for (const { cell, ppl, decode } of reference.cells) {
    const scheme = expected.schemes.get(cell.replace(/-published$/, ""));
    const wanted = decode === "exact" ? scheme?.exact.ppl : scheme?.published.ppl;
    if (wanted === undefined) continue;
    compared++;
    expect(Math.abs(ppl / wanted - 1), cell).toBeLessThan(wanted > 1000 ? 0.1 : 0.01);
  }
  expect(compared).toBeGreaterThan(10);
});

it("results within the tolerances of a reference hold, others are told with column and limit", () => {
  const reference = makeReference([measuredCell("a", 10), measuredCell("b", 1e6)], "b1");
  expect(details((tally) => compareReference(tally, reference, [measuredCell("a", 10.02), measuredCell("b", 1.05e6)], "b1"))).toEqual([]);
  expect(details((tally) => compareReference(tally, reference, [measuredCell("a", 10.1), measuredCell("b", 1e6, { file: { bytes: 1100 } as never })], "b1"))).toEqual([
    "regressed: a: ppl is 10.1, in the reference 10 within 0.3 %",
    "regressed: b: file_bytes is 1100, in the reference 1000 within 1 %",
  ]);
});

it("a cell that was not measured is a regression, one that the reference does not have is noted", () => {
  const reference = makeReference([measuredCell("a", 10), measuredCell("b", 10)], "b1");
  expect(details((tally) => compareReference(tally, reference, [measuredCell("a", 10)], "b1"))).toEqual(["regressed: b: is in the reference, but was not measured"]);
  expect(details((tally) => compareReference(tally, reference, ["a", "b", "c"].map((name) => measuredCell(name, 10)), "b1"))).toEqual([expect.stringContaining("c is not in the reference")]);
});

it("counts must be the expected ones exactly, perplexities nearly", async () => {
  const expected = await readExpected();
  const scheme = expected.schemes.get("q4_0-own-r1")!;
  const tensors = Array.from({ length: scheme.tensors }, (_, index) => ({ name: `t${index}`, type: "Q4_0", firstCode: -8, counts: index === 0 ? scheme.codes : scheme.codes.map(() => 0) }));
  const cell = (ppl: number, zeroRuns: number[]): Measured => measuredCell("q4_0-own-r1", ppl, { histogram: { zeroRuns, tensors } });
  expect(details((tally) => compareExpected(tally, expected, cell(scheme.exact.ppl * 1.004, scheme.zero_runs)))).toEqual([]);
  const [first = 0, ...rest] = scheme.zero_runs;
  expect(details((tally) => compareExpected(tally, expected, cell(scheme.exact.ppl * 1.006, [first - 1, ...rest])))).toEqual([
    expect.stringContaining("within 0.5 %"),
    `regressed: q4_0-own-r1: ${first - 1} zero runs of length 1, expected ${first}`,
  ]);
});

it("a reference of another shape is refused with its path", async () => {
  await expect(readReference(new URL("write.test.ts", import.meta.url).pathname)).rejects.toThrow(/write\.test\.ts.*--write-reference/s);
});

it("upstream's own type of another release is only noted", () => {
  const upstreams = (ppl: number): Measured => {
    const one = measuredCell("iq4_nl", ppl);
    return { ...one, cell: { ...one.cell, type: "IQ4_NL", mode: "upstream" } } as unknown as Measured;
  };
  const reference = makeReference([upstreams(10)], "b1");
  expect(reference.cells[0]!.scheme).toBe("upstream");
  expect(details((tally) => compareReference(tally, reference, [upstreams(11)], "b2"))).toEqual(["iq4_nl: ppl is 11, in the reference 10 within 0.3 %"]);
  expect(details((tally) => compareReference(tally, reference, [upstreams(11)], "b1"))).toEqual(["regressed: iq4_nl: ppl is 11, in the reference 10 within 0.3 %"]);
});
