import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../harness/cli.ts";
import { ensureBuild } from "../../harness/build/build.ts";
import { demoModel } from "../../harness/paths.ts";
import { loadResults, type Measured, measured, type Results } from "../../harness/report/load.ts";

interface Expected {
  f16: { ppl: number };
  schemes: Record<string, { tensors: number; zero_runs: number[]; codes: number[]; exact: { ppl: number }; published: { ppl: number } }>;
}

const expected = JSON.parse(readFileSync(path.join(path.dirname(demoModel), "expected.json"), "utf8")) as Expected;
const schemes = Object.entries(expected.schemes).map(([name, numbers]) => ({ name: name.replaceAll(" own ", "-own-"), ...numbers }));

let folder = "";
let exitCode = -1;
let results: Results;

beforeAll(async () => {
  await ensureBuild("patched");
  folder = await mkdtemp(path.join(os.tmpdir(), "quantflex-test-"));
  exitCode = await main(["sweep", "--out", folder]);
  results = await loadResults(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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

describe.each(schemes)("$name", (scheme) => {
  const hasPublished = scheme.name !== "q8_0";
  const cells = [scheme.name, ...(hasPublished ? [`${scheme.name}-published`] : [])];

  it.each(cells)("%s has the fork's codes", (name) => {
    const { tensors } = result(name).record.histogram!;
    const total = scheme.codes.map((_count, index) => tensors.reduce((sum, { counts }) => sum + (counts[index] ?? Number.NaN), 0));
    expect(total).toEqual(scheme.codes);
    expect(tensors).toHaveLength(scheme.tensors);
  });

  it.each(cells)("%s has the fork's zero runs", (name) => expect(result(name).record.histogram!.zeroRuns).toEqual(scheme.zero_runs));

  it("decoded exactly has the emulation's perplexity", () => {
    const wanted = scheme.exact.ppl;
    expectWithin(result(scheme.name).record.perplexity.ppl, wanted, wanted > 1000 ? 0.05 : 0.005);
  });

  it.skipIf(!hasPublished)("as published has the fork's perplexity", () => {
    const wanted = scheme.published.ppl;
    expectWithin(result(`${scheme.name}-published`).record.perplexity.ppl, wanted, wanted > 10_000 ? 0.1 : 0.01);
  });
});

describe("the rivals", () => {
  it("f16 has the emulation's perplexity", () => expectWithin(result("f16").record.perplexity.ppl, expected.f16.ppl, 0.005));

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
