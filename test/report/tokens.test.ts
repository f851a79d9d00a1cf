import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { beforeAll, expect, it } from "vitest";
import { tokenDivergence } from "../../harness/analysis/tokenDivergence.ts";
import { tokenPerplexity } from "../../harness/analysis/tokenPerplexity.ts";
import { hashFile } from "../../harness/hash.ts";
import { pageTokens } from "../../harness/report/html/tokens.ts";
import type { Results } from "../../harness/report/load.ts";
import { writeTokenTable } from "../../harness/report/reports.ts";
import { demoModel } from "../../harness/paths.ts";
import { decodeFrames } from "../../harness/parse/frames.ts";
import { resultsStore } from "../../harness/store/store.ts";
import { encodeFrame } from "../support/frames.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { cellOf, fixtureResults, stepRecord } from "./fixture.ts";

/** Frames that llama-perplexity wrote of the demo model, compared. */
const compared = path.join(import.meta.dirname, "..", "parse", "outputs", "frames-compared.frames");

let results: Results;
let frames = "";
let lastChunk = 0;

beforeAll(async () => {
  const folder = await lastingTemporaryFolder();
  await mkdir(resultsStore(folder));
  frames = path.join(folder, "frames");
  // Recorded of a part of a text; from here on, of its beginning.
  const whole = decodeFrames(await readFile(compared)).frames.map((frame, chunk) => ({ ...frame, chunk }));
  await writeFile(frames, Buffer.concat(whole.map(encodeFrame)));
  expect(whole.length).toBeGreaterThan(1);
  const found = whole.slice(0, whole.length - 1);
  lastChunk = found.at(-1)!.chunk;
  const { ppl: _ppl, pplError: _pplError, logRatio: _logRatio, ...divergence } = tokenDivergence(found);
  const fixture = fixtureResults();
  const cells = fixture.cells.filter(({ cell }) => cell.name === "f16" || cell.name === "q4_0").map(({ cell, record }) => {
    const evaluation = { perplexity: tokenPerplexity(found), divergence: cell.name === "f16" ? null : divergence, perplexitySeconds: 1, tokensPerSecond: 1 };
    return { ...cellOf(cell, [record!.steps.get("count")!, stepRecord("evaluate", cell.name, evaluation)]), frames };
  });
  const model = { ...fixture.plan.model, path: demoModel, sha256: await hashFile(demoModel) };
  // Chunk by chunk, so that any number of the chunks is what a run of just these finds.
  const parameters = { ...fixture.plan.parameters, batch: 512 };
  results = { folder, plan: { ...fixture.plan, model, parameters }, cells };
});

const rows = async (): Promise<Record<string, string>[]> => parse(await readFile(path.join(results.folder, "tokens.csv"), "utf8"), { columns: true });

it("tokens.csv has the hundred that each compared cell lost most on, of the chunks of its record", async () => {
  await writeTokenTable(results);
  const table = await rows();
  expect(table.length).toBeGreaterThan(10);
  expect(table.length).toBeLessThanOrEqual(100);
  expect(new Set(table.map(({ cell }) => cell))).toEqual(new Set(["q4_0"]));
  const losses = table.map((row) => Number(row["nll_difference"]));
  expect(losses).toEqual([...losses].sort((left, right) => right - left));
  for (const row of table) {
    expect(Number(row["nll_cell"]) - Number(row["nll_reference"])).toBeCloseTo(Number(row["nll_difference"]), 4);
    expect(Number(row["chunk"])).toBeLessThanOrEqual(lastChunk + 1);
    expect(row["expected"]).not.toBe("");
  }
  expect((await writeTokenTable(results)).written).toEqual([]);
});

it("the page has ten of them, those of a quantized cell first", async () => {
  const [tokens, ...others] = await pageTokens(results);
  expect(others).toEqual([]);
  expect(tokens).toMatchObject({ name: "q4_0", chosen: true });
  expect(tokens!.table.rows).toHaveLength(10);
  const [first] = await rows();
  const shown = Object.fromEntries(tokens!.table.rows[0]!.map(({ text }, index) => [tokens!.table.columns[index]!.title, text]));
  expect(shown["token"]).toBe(first!["expected"]!.replaceAll(" ", "␣").replaceAll("\n", "⏎"));
  expect(Number(shown["loss, nats"])).toBeCloseTo(Number(first!["nll_difference"]), 2);
});

it("says so when the model is gone or another; the page goes without", async () => {
  const withModel = (model: Partial<Results["plan"]["model"]>): Results => ({ ...results, plan: { ...results.plan, model: { ...results.plan.model, ...model } } });
  const gone = withModel({ path: path.join(results.folder, "gone.gguf"), sha256: "0".repeat(64) });
  await expect(writeTokenTable(gone)).rejects.toThrow(/gone\.gguf is gone or cannot be read: .*put the file back/);
  await expect(writeTokenTable(withModel({ sha256: "0".repeat(64) }))).rejects.toThrow(/has another content than when it was measured/);
  expect(await pageTokens(gone)).toEqual([]);
});

it("says so when no cell was compared", async () => {
  await expect(writeTokenTable({ ...results, cells: results.cells.slice(0, 1) })).rejects.toThrow(/no cell with a reference; give the study kl_divergence: true/);
});

it("says so when what was found for each token is gone or another run's", async () => {
  const [f16, q4] = results.cells;
  const evaluation = (chunks: number[]): Results => {
    const { perplexity, divergence } = q4!.record!;
    const record = stepRecord("evaluate", "q4_0", { perplexity: { ...perplexity, chunks }, divergence, perplexitySeconds: 1, tokensPerSecond: 1 });
    return { ...results, cells: [f16!, { ...cellOf(q4!.cell, [q4!.record!.steps.get("count")!, record]), frames }] };
  };
  await expect(writeTokenTable(evaluation([1, 2, 3, 4, 5, 6, 7, 8, 9]))).rejects.toThrow(/cell q4_0: .* gone or damaged .*run the sweep again/);
  await expect(writeTokenTable(evaluation(q4!.record!.perplexity.chunks.map((nll) => nll + 1e-9)))).rejects.toThrow(/gone or damaged/);
  expect(await pageTokens(evaluation([1]))).toEqual([]);
});
