import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { beforeAll, describe, expect, it } from "vitest";
import { hashText } from "../../harness/hash.ts";
import { cellColumns } from "../../harness/report/cellColumns.ts";
import { columnText } from "../../harness/report/columnText.ts";
import type { CellRecord } from "../../harness/report/cellRecord.ts";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import { summary } from "../../harness/report/summary.ts";
import { allTables } from "../../harness/report/allTables.ts";
import { writePlan } from "../../harness/store/plan.ts";
import { resultsStore, writeFailure, writeRecord } from "../../harness/store/store.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { fixtureResults, planOf, stepRecord } from "./fixture.ts";

const hash = (letter: string): string => letter.repeat(64);
const { cells } = parseStudy(
  'name: s\ncells:\n  - { name: f16, type: F16 }\n  - { name: "q4_0-own-r{radius}", type: Q4_0, radius: [0, 1] }\n  - { name: q8_0, type: Q8_0 }\n',
  "s.yaml", () => "",
);
const library = '{"pablo":[]}';

function records() {
  const zeroRuns = [30, 10, ...Array<number>(13).fill(0), 2];
  const norm = { name: "norm", shape: [32], type: "F32", bytes: 128, elements: 32, fallback: null };
  const stream = {
    type: "Q4_0", alphabet: 16, codes: 64, zeroShare: 0.25, entropy: 3.5, conditionalEntropy: 3.25, huffman: 3.75, rangeCoder: 3.625,
    sizes: { packed: 32, "zstd-3": 30, "zstd-19": 28, xz: null },
  };
  const perplexity = { ppl: 1234.5678, error: 1.5, nll: 7.1185, chunks: [7, 7.237] };
  const timed = { perplexitySeconds: 2, tokensPerSecond: 512 };
  const f16 = [
    stepRecord("count", "f16", {
      file: { sha256: hash("c"), bytes: 320 }, histogram: null, weightErrors: [],
      tensors: [norm, { name: "w", shape: [32, 2], type: "F16", bytes: 128, elements: 64, fallback: null }],
    }),
    stepRecord("evaluate", "f16", { perplexity, divergence: null, ...timed }),
  ];
  const quantized = [
    stepRecord("quantize", "q4_0-own-r0", { quantizeSeconds: 1 }, { histogram: { bytes: library.length, sha256: hashText(library), kept: true } }),
    stepRecord("count", "q4_0-own-r0", {
      file: { sha256: hash("d"), bytes: 300 }, weightErrors: [{ name: "w", type: "Q4_0", relative: 0.0125 }],
      tensors: [norm, { name: "w", shape: [32, 2], type: "Q4_0", bytes: 36, elements: 64, fallback: null }, { name: "v", shape: [20, 2], type: "F16", bytes: 80, elements: 40, fallback: "F16: rows" }],
      histogram: { zeroRuns, tensors: [{ name: "w", type: "Q4_0", firstCode: -8, counts: [1, ...Array<number>(14).fill(0), 63] }] },
    }),
    stepRecord("compress", "q4_0-own-r0", {
      compression: {
        streams: [{ tensor: "*", ...stream }, { tensor: "w", ...stream }], file: { bytes: 300, "zstd-3": 290, "zstd-19": 280, xz: null }, sampledBytes: null,
        zeroRuns: { measured: zeroRuns, expected: zeroRuns.map((count) => count + 0.5), chiSquare: 1, degreesOfFreedom: 3, probability: 0.8 },
      },
    }),
    stepRecord("evaluate", "q4_0-own-r0", {
      perplexity: { ...perplexity, chunks: [7.1, 7.437] }, ...timed,
      divergence: {
        mean: 0.5, error: 0.01, median: 0.4, p90: 0.9, p95: 1, p99: 1.5, p999: 2, maximum: 3, sameTop: 80, sameTopError: 1,
        probabilityRms: 5, probabilityRmsError: 0.1, probabilityMean: -1, probabilityMeanError: 0.1, chunks: [0.4, 0.6],
        chunkErrors: { mean: 0.1, median: 0.2, p90: 0.3, p95: 0.4, p99: 0.5, p999: 0.6, sameTop: 2 },
      },
    }),
  ];
  const notRun = (cell: string) => [{ key: hash(cell === "q8_0" ? "8" : "9"), inputs: stepRecord("quantize", cell, { quantizeSeconds: 1 }).inputs }];
  return { f16, quantized, failing: notRun("q4_0-own-r1"), waiting: notRun("q8_0") };
}

const stepOf: Record<string, string> = {
  conf: "quantize", quantizeSeconds: "quantize", rounded: "quantize", file: "count", tensors: "count", histogram: "count", weightErrors: "count", compression: "compress",
  perplexity: "evaluate", divergence: "evaluate", perplexitySeconds: "evaluate", tokensPerSecond: "evaluate",
};

/** A record of which a table sees only what these steps found. */
function guard(record: CellRecord, table: string, steps: readonly string[]): CellRecord {
  return new Proxy(record, {
    get(target, name) {
      if (name === "steps") return new Map([...target.steps].filter(([step]) => steps.includes(step)));
      if (!steps.includes(stepOf[String(name)] ?? "")) throw new Error(`${table} shows ${String(name)}`);
      return Reflect.get(target, name) as unknown;
    },
  });
}

describe("tables", () => {
  let folder = "";
  let table: (name: string) => Record<string, string>[] = () => [];
  const written: string[] = [];

  beforeAll(async () => {
    folder = await lastingTemporaryFolder();
    const store = resultsStore(folder);
    const { f16, quantized, failing, waiting } = records();
    const steps = [f16, quantized, failing, waiting];
    await writePlan(folder, planOf(cells.map((cell, index) => ({ cell, records: steps[index]! })), { name: "s", path: "s.yaml" }));
    for (const record of [...f16, ...quantized]) {
      const histogram = path.join(folder, "histogram-source");
      if (record.files["histogram"]) await writeFile(histogram, library);
      await writeRecord(store, record, record.files["histogram"] ? { histogram } : {});
    }
    await writeFailure(store, "quantize", failing[0]!.key, 'it said "no", twice', {});
    written.push(...(await writeReports(await loadResults(folder))).written);
    const texts = new Map(await Promise.all(written.filter((file) => file.endsWith(".csv")).map(async (file) => [path.basename(file), await readFile(file, "utf8")] as const)));
    table = (name) => parse(texts.get(name) ?? "", { columns: true });
  });

  it("has a row for each cell that was run, failed ones included", async () => {
    expect((await readFile(path.join(folder, "cells.csv"), "utf8")).split("\n")[0]).toBe(
      "cell,type,scheme,decode,container,file_bytes,bpw_file,bpw_quantized,ppl,ppl_error,nll,chunks,quantize_s,perplexity_s,tokens_per_s," +
        "imatrix,kld,kld_error,kld_median,kld_90,kld_99,kld_999,kld_max,same_top_percent,delta_p_rms_percent," +
        "ln_ppl_ratio,ln_ppl_ratio_low,ln_ppl_ratio_high,weight_error,entropy,status," +
        "fallback_percent,code_entropy,kld_chunk_error,kld_median_error,kld_90_error,kld_95,kld_95_error,kld_99_error,kld_999_error,same_top_error_percent,feedback,calibration",
    );
    expect(table("cells.csv").map((row) => [row["cell"], row["scheme"], row["bpw_file"], row["bpw_quantized"], row["fallback_percent"], row["ppl"], row["chunks"], row["status"]])).toEqual([
      ["f16", "upstream", "26.6667", "16", "0", "1234.5678", "2", "ok"],
      ["q4_0-own-r0", "own r0", "17.6471", "4.5", "29.4118", "1234.5678", "2", "ok"],
      ["q4_0-own-r1", "own r1", "", "", "", "", "", 'failed: it said "no", twice'],
    ]);
  });

  it("counts codes by tensor and over the model", () => {
    const rows = table("codes.csv");
    expect(rows).toHaveLength(32);
    expect(rows[0]).toEqual({ cell: "q4_0-own-r0", tensor: "*", type: "Q4_0", code: "-8", count: "1" });
    expect(rows[31]).toEqual({ cell: "q4_0-own-r0", tensor: "w", type: "Q4_0", code: "7", count: "63" });
  });

  it("shares zero runs out", () => {
    const rows = table("zero_runs.csv");
    expect(rows).toHaveLength(16);
    expect([rows[0], rows[15]]).toEqual([
      { cell: "q4_0-own-r0", length: "1", count: "30", share: "0.714286", zero_weight_count: "30", expected: "30.5" },
      { cell: "q4_0-own-r0", length: "16+", count: "2", share: "0.047619", zero_weight_count: "2", expected: "2.5" },
    ]);
  });

  it("lists tensors and chunks", () => {
    expect(table("tensors.csv").at(-1)).toEqual({ cell: "q4_0-own-r0", tensor: "v", shape: "20x2", type: "F16", fallback: "F16: rows", rounded: "", weight_error: "" });
    expect(table("tensors.csv").find(({ cell, tensor }) => cell === "q4_0-own-r0" && tensor === "w")?.["weight_error"]).toBe("0.0125");
    expect(table("chunks.csv").slice(1, 3)).toEqual([{ cell: "f16", chunk: "2", nll: "7.237", kld: "" }, { cell: "q4_0-own-r0", chunk: "1", nll: "7.1", kld: "0.4" }]);
  });

  it("compares with the model: divergence, and the ratio of perplexities paired by chunk", () => {
    const row = table("cells.csv")[1];
    expect(row).toMatchObject({ kld: "0.5", kld_999: "2", same_top_percent: "80", ln_ppl_ratio: "0.15", weight_error: "0.0125", entropy: "3.5" });
    // Two chunks that differ by 0.1 and 0.2: an interval by Student's t with one degree of freedom, far wider than both.
    expect(Number(row?.["ln_ppl_ratio_low"])).toBeLessThan(-0.1);
    expect(Number(row?.["ln_ppl_ratio_high"])).toBeGreaterThan(0.4);
  });

  it("says what compression would reach, scales included", () => {
    const rows = table("compression.csv");
    expect(rows.map(({ tensor }) => tensor)).toEqual(["*", "(file)", "w"]);
    expect(rows[0]).toMatchObject({ bpw_packed: "4.5", bpw_entropy: "4", bpw_conditional_entropy: "3.75", bpw_huffman: "4.25", zstd_19_bytes: "28", bpw_zstd_19: "4", xz_bytes: "", bpw_xz: "" });
    expect(rows[1]).toMatchObject({ packed_bytes: "300", bpw_packed: "17.64706", bpw_zstd_3: "17.05882" });
    expect(table("radius.csv")).toEqual([
      { cell: "q4_0-own-r0", radius: "0", zero_share: "0.25", entropy: "3.5", conditional_entropy: "3.25", bpw_entropy: "4", bpw_zstd_19: "4", ppl: "1234.5678", ppl_error: "1.5", kld: "0.5", kld_error: "0.01" },
    ]);
  });

  it("sets the thesis beside ours", () => {
    const row = table("thesis.csv").find(({ where }) => where === "figure 3.2.2");
    expect(row).toMatchObject({ cell: "q4_0-own-r0", thesis: "87.83", ours: "71.4286" });
    expect(table("thesis.csv").find(({ where }) => where === "figure 3.3.1")?.["ours"]).toBe("");
  });

  it("keeps the library's JSON, and a manifest", async () => {
    expect(await readFile(path.join(folder, "histograms", "q4_0-own-r0.json"), "utf8")).toBe('{"pablo":[]}');
    const manifest = JSON.parse(await readFile(path.join(folder, "manifest.json"), "utf8")) as { argv: string[]; cells: { name: string; status: string }[] };
    expect(manifest.argv).toEqual(["quantflex", "sweep", "--study", "fixture"]);
    expect(manifest.cells.map(({ name }) => name)).toEqual(["f16", "q4_0-own-r0", "q4_0-own-r1"]);
    expect(written.map((file) => path.relative(folder, file)).filter((name) => !name.startsWith("figures"))).toEqual([
      "cells.csv", "codes.csv", "zero_runs.csv", "tensors.csv", "chunks.csv",
      "compression.csv", "radius.csv", "tables.csv", "tests.csv", "four_bits.csv", "thesis.csv", path.join("histograms", "q4_0-own-r0.json"), "manifest.json", "report.html",
    ]);
  });

  it("are made of the records of the steps that they name, and no others", () => {
    const results = fixtureResults();
    for (const { file, steps, sheet } of allTables) {
      const guarded = results.cells.map((result) => ({
        ...result,
        record: result.record && guard(result.record, file, steps),
      }));
      expect(sheet({ ...results, cells: guarded })).toEqual(sheet(results));
    }
  });

  it("prints a summary", async () => {
    const lines = summary(await loadResults(folder)).split("\n");
    expect(lines[0]).toMatch(/^cell +quantized bits\/weight +other type, % +perplexity +± +KL divergence +± +tokens\/s +status$/);
    expect(lines[1]).toMatch(/^f16 +16\.00 +1,234\.6 +1\.5000 +512 +ok$/);
    expect(lines[2]).toMatch(/^q4_0-own-r0 +4\.50 +29\.4 +1,234\.6 +1\.5000 +0\.50000 +0\.01000 +512 +ok$/);
    expect(lines[3]).toMatch(/^q4_0-own-r1 +failed: it said "no", twice$/);
  });

  it("explains every column", () => {
    const lines = columnText().split("\n");
    expect(lines).toHaveLength(cellColumns.length + 1);
    expect(lines.find((line) => line.startsWith("kld "))).toMatch(/^kld +nats +lower +mean KL divergence/);
    for (const { name, says } of cellColumns) expect(says, name).toMatch(/^\S.{8,}[^.]$/);
  });
});
