import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readImportance } from "../../harness/fit/imatrix.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { hashFile } from "../../harness/hash.ts";
import { demoModel, projectRoot } from "../../harness/paths.ts";
import { loadResults } from "../../harness/report/load.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import { fitModel, type FitModelRequest } from "../../harness/sweep/fitModel.ts";
import { quantizeModel } from "../../harness/sweep/quantizeModel.ts";
import { sweep, type SweepResult } from "../../harness/sweep/sweep.ts";
import { makeRealLab, type RealLab } from "../support/realLab.ts";

const never = new AbortController().signal;
const cells = "cells:\n  - { name: iq4, type: IQ4_NL, imatrix: true }\n  - { name: fitted, type: Q4_0, container: packed, table: { fit: { weights: imatrix } }, encode: nearest, scale: search, imatrix: true }\n";
const fitting: FitModelRequest = { per: "model", weights: "imatrix", scale: "search", threads: 2 };
const head = "name: lab\ncontext: 32\nbatch: 64\nchunks: 4\n";

let lab: RealLab;
let imatrix: string;
let computed: Map<string, string>;

async function run(study: string, out: string, options: { imatrix?: string; model?: string } = {}, events: SweepEvent[] = []): Promise<SweepResult> {
  await writeFile(lab.study, study);
  return sweep({ study: lab.study, out: path.join(lab.folder, out), threads: 2, ...options }, (event) => events.push(event), never);
}

async function contents(out: string): Promise<Map<string, string>> {
  const { cells: found } = await loadResults(path.join(lab.folder, out));
  return new Map(found.map(({ cell, record }) => [cell.name, record!.file.sha256]));
}

beforeAll(async () => {
  lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  expect((await run(`${head}calibration: { text: demo, chunks: 3 }\n${cells}`, "computed")).failed).toEqual([]);
  computed = await contents("computed");
  const [key] = await readdir(path.join(lab.cache, "store", "imatrix"));
  imatrix = path.join(lab.folder, "mine.gguf");
  await writeFile(imatrix, await readFile(path.join(lab.cache, "store", "imatrix", key!, "imatrix")));
}, 120_000);
beforeEach(() => void vi.stubEnv("QUANTFLEX_CACHE", lab.cache));
afterAll(() => vi.unstubAllEnvs());

/** The same in the format that llama-imatrix wrote before. */
async function legacy(): Promise<string> {
  const file = path.join(lab.folder, "mine.dat");
  const number = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer);
  const entries = [...(await readImportance(imatrix))].map(([name, values]) => Buffer.concat([number(name.length), Buffer.from(name), number(1), number(values.length), Buffer.from(values.buffer, values.byteOffset, values.byteLength)]));
  await writeFile(file, Buffer.concat([number(entries.length), ...entries, number(3), number(8), Buffer.from("training")]));
  return file;
}

describe("a ready importance matrix", () => {
  it("is used in place of one that is computed, needs no calibration text, and says what it is", async () => {
    const events: SweepEvent[] = [];
    const ended = await run(head + cells, "ready", { imatrix }, events);
    expect(ended).toMatchObject({ computed: ["iq4", "fitted"], failed: [] });
    expect(await contents("ready")).toEqual(computed);
    expect(events.flatMap((event) => (event.kind === "note" ? event.text : [])).join("\n")).toMatch(/importance matrix mine\.gguf: \d+ tensors, over 3 chunks of 32 tokens of training/);
    const plan = (await loadResults(path.join(lab.folder, "ready"))).plan;
    expect(plan.options.files["imatrix"]).toMatchObject({ name: "mine.gguf", path: imatrix });
    expect(plan.cells.flatMap(({ steps }) => steps.map(({ step }) => step))).not.toContain("imatrix");
  }, 120_000);

  it("is read in the older format too", async () => {
    const file = await legacy();
    const events: SweepEvent[] = [];
    expect((await run(head + cells, "older", { imatrix: file }, events)).failed).toEqual([]);
    expect(events.flatMap((event) => (event.kind === "note" ? event.text : [])).join("\n")).toMatch(/in the older format, over 3 chunks of training/);
    // Where it was computed stands in the files, so that only their tensors are the same.
    const [older, newer] = await Promise.all(["older", "ready"].map(async (out) => (await loadResults(path.join(lab.folder, out))).cells.map(({ record }) => [record!.perplexity.ppl, record!.weightErrors])));
    expect(older).toEqual(newer);
  }, 120_000);

  it("of quantize gives the same file", async () => {
    const out = path.join(lab.folder, "q.gguf");
    await quantizeModel({ model: demoModel, out, cell: { type: "IQ4_NL", imatrix: true }, imatrix, threads: 2 }, () => undefined, never);
    expect(await hashFile(out)).toBe(computed.get("iq4"));
  }, 60_000);

  it("of fit gives the table that a study fits with it", async () => {
    const { widths, values, provenance } = await fitModel({ model: demoModel, ...fitting, imatrix }, () => undefined, never);
    const { cells: planned } = (await loadResults(path.join(lab.folder, "computed"))).plan;
    expect(planned.find(({ cell }) => cell.name === "fitted")!.cell.table).toMatchObject({ widths, values });
    expect(provenance.imatrix).toEqual({ text: "mine.gguf", sha256: await hashFile(imatrix), chunks: null });
    await expect(fitModel({ ...fitting, weights: "squared", imatrix }, () => undefined, never)).rejects.toThrow(/--imatrix is for --weights imatrix/);
    await expect(fitModel({ ...fitting, calibration: "demo", imatrix }, () => undefined, never)).rejects.toThrow(/give one of both/);
  }, 60_000);

  const refused: [string, () => Promise<{ imatrix: string; model?: string; study?: string }>, RegExp][] = [
    ["of another model", async () => ({ imatrix, model: path.join(projectRoot, "models", "prose-7m", "prose-7m-f16.gguf") }), /importance matrix .*mine\.gguf is of another model than .*prose-7m-f16\.gguf: it has blk\.\d+\.\w+\.weight of \d+ columns, in the model \d+; .*give the one that was computed for this model/],
    ["of another model, in the older format", async () => ({ imatrix: await legacy(), model: path.join(projectRoot, "models", "prose-7m", "prose-7m-f16.gguf") }), /mine\.dat is of another model/],
    ["that is missing", async () => ({ imatrix: "/nowhere/i.gguf" }), /importance matrix \/nowhere\/i\.gguf: there is no such file; give a file that llama-imatrix wrote/],
    ["that is a model", async () => ({ imatrix: demoModel }), /importance matrix .*sotu-1m-f16\.gguf is none/],
    ["that is anything else", async () => ({ imatrix: path.join(projectRoot, "package.json") }), /package\.json is no importance matrix, neither in GGUF nor in the older format/],
    ["that is cut", async () => {
      const file = path.join(lab.folder, "cut.gguf");
      await writeFile(file, (await readFile(imatrix)).subarray(0, 6000));
      return { imatrix: file };
    }, /cut\.gguf is (truncated|damaged)/],
    ["that no cell uses", async () => ({ imatrix, study: `${head}cells: [{ name: a, type: Q4_0 }]\n` }), /--imatrix .*mine\.gguf: no cell that is to be run has imatrix: true/],
  ];
  it.each(refused)("%s is refused before anything is computed", async (_what, asked, message) => {
    const { study = head + cells, ...options } = await asked();
    await expect(run(study, `refused-${Math.random()}`, options)).rejects.toThrow(message);
  });

  it("names the tensors that it lacks", async () => {
    const bytes = await readFile(await legacy());
    // Without its last entries: a count that says so, and what follows them is not read.
    const entries = bytes.readInt32LE(0);
    let at = 4;
    for (let left = entries - 2; left > 0; left--) {
      at += 4 + bytes.readInt32LE(at) + 4;
      at += 4 + 4 * bytes.readInt32LE(at);
    }
    bytes.writeInt32LE(entries - 2, 0);
    const file = path.join(lab.folder, "few.dat");
    await writeFile(file, bytes.subarray(0, at));
    const events: SweepEvent[] = [];
    await run(`${head}cells: [{ name: iq4, type: IQ4_NL, imatrix: true }]\n`, "few", { imatrix: file }, events);
    const note = events.flatMap((event) => (event.kind === "note" && event.text.startsWith("importance") ? event.text : [])).join();
    expect(note).toMatch(/not of .*\.weight, .*which are quantized without/);
    expect((await readGguf(demoModel)).tensors.some(({ name }) => note.includes(name))).toBe(true);
  }, 60_000);
});
