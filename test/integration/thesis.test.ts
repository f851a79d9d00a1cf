import { beforeAll, describe, expect, it } from "vitest";
import { main } from "../../harness/cli.ts";
import { ensureBuild } from "../../harness/build/build.ts";
import { compareExpected, readExpected } from "../../harness/regress/expected.ts";
import { makeTally } from "../../harness/regress/tally.ts";
import { loadResults, type Measured, measured, type Results } from "../../harness/report/load.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

let exitCode = -1;
let results: Results;

beforeAll(async () => {
  await ensureBuild("patched");
  const folder = await lastingTemporaryFolder();
  exitCode = await main(["sweep", "--out", folder, "--threads", "1", "--jobs", "2"]);
  results = await loadResults(folder);
});

function result(name: string): Measured {
  const found = measured(results).find(({ cell }) => cell.name === name);
  if (!found) throw new Error(`cell ${name} has no record: ${results.cells.find(({ cell }) => cell.name === name)?.failure}`);
  return found;
}

function expectWithin(value: number, wanted: number, share: number): void {
  expect(Math.abs(value / wanted - 1), `${value} against ${wanted}`).toBeLessThanOrEqual(share);
}

it("the thesis's study runs through on the demo model", () => {
  expect(results.cells.filter(({ failure }) => failure !== null)).toEqual([]);
  expect(results.cells).toHaveLength(18);
  expect(exitCode).toBe(0);
});

it("every cell has the fork's codes and zero runs, and the perplexity of the emulation or, as published, of the fork", async () => {
  const [tally, expected] = [makeTally(), await readExpected()];
  const unforeseen = measured(results).filter((cell) => compareExpected(tally, expected, cell) === null);
  expect(tally.outcome("").details).toEqual([]);
  expect(unforeseen.map(({ cell }) => cell.name).sort()).toEqual(["iq4_nl", "q4_1"]);
});

describe("the rivals", () => {
  it("are of the sizes that make them rivals", () => {
    const bytes = (name: string): number => result(name).record.file.bytes;
    expect(bytes("iq4_nl")).toBe(bytes("q4_0"));
    expect(bytes("q4_1")).toBeGreaterThan(bytes("q4_0"));
    expect(bytes("q4_1")).toBeLessThan(bytes("q8_0"));
  });

  it("lose little, and less than the damaged schemes", () => {
    const ppl = (name: string): number => result(name).record.perplexity.ppl;
    for (const name of ["iq4_nl", "q4_1", "q4_0", "q8_0"]) expectWithin(ppl(name), ppl("f16"), 0.05);
    expect(ppl("q4_0-own-r0")).toBeCloseTo(ppl("q4_0"), 2);
  });
});

it("every chunk's likelihood is there, and its mean is the perplexity", () => {
  for (const { cell, record } of measured(results)) {
    const { chunks, nll, ppl } = record.perplexity;
    expect(chunks.length, cell.name).toBe(result("f16").record.perplexity.chunks.length);
    expect(chunks.every(Number.isFinite), cell.name).toBe(true);
    expectWithin(Math.exp(nll), ppl, 1e-4);
  }
});
