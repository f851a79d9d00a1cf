import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { demoModel, projectRoot } from "../../harness/paths.ts";
import { loadResults, type Results } from "../../harness/report/load.ts";
import { quantizeModel } from "../../harness/sweep/quantizeModel.ts";
import { sweepAndReport, makeRealLab, type RealLab } from "../support/realLab.ts";
import { splitModel } from "../support/splitModel.ts";
import { smallFile, writeSmall } from "../support/smallModel.ts";

const model = path.join(projectRoot, "models", "prose-7m", "prose-7m-f16.gguf");
const never = new AbortController().signal;
/** Cells, and how quantize makes their files elsewhere. */
const made: Record<string, Record<string, unknown>> = {
  q4_k_m: { type: "Q4_K_M", pure: false },
  iq4_xs: { type: "IQ4_XS" },
  packed: { type: "Q4_0", container: "packed", table: "balanced", encode: "nearest", scale: "search" },
  centred: { type: "Q4_0", radius: 1 },
};

let lab: RealLab;
beforeAll(async () => {
  lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  for (const [name, cell] of Object.entries(made)) await quantizeModel({ model, out: path.join(lab.folder, `${name}.gguf`), cell, threads: 2 }, () => undefined, never);
}, 300_000);
beforeEach(() => void vi.stubEnv("QUANTFLEX_CACHE", lab.cache));
afterAll(() => vi.unstubAllEnvs());

async function study(cells: string[]): Promise<string> {
  await writeFile(lab.study, ["name: lab", "context: 32", "batch: 64", "chunks: 4", "kl_divergence: true", "cells:", ...cells.map((cell) => `  - ${cell}`), ""].join("\n"));
  return path.join(lab.folder, `out-${Math.random()}`);
}

function row({ cells }: Results, name: string): object {
  const found = cells.find(({ cell }) => cell.name === name);
  expect(found?.failure).toBeNull();
  const { perplexity, divergence, file, histogram, weightErrors, compression, tensors } = found!.record!;
  return { perplexity, divergence, file, histogram, weightErrors, compression, tensors: tensors.map((tensor) => ({ ...tensor, fallback: null })) };
}

describe("a ready-made file", () => {
  it("gets what a cell of the study gets for the same bytes, and is not quantized", async () => {
    const of = Object.entries(made).map(([name, cell]) => JSON.stringify({ name: `cell-${name}`, ...cell }));
    const out = await study(["{ name: f16, type: F16 }", ...of, "{ name: 'ready-{model}', model: [q4_k_m.gguf, iq4_xs.gguf] }"]);
    const also = ["packed", "centred"].map((name) => path.join(lab.folder, `${name}.gguf`));
    expect((await sweepAndReport(lab, out, { model, also })).failed).toEqual([]);
    const results = await loadResults(out);
    expect(results.cells.map(({ cell }) => cell.name)).toEqual(["f16", "cell-q4_k_m", "cell-iq4_xs", "cell-packed", "cell-centred", "ready-q4_k_m", "ready-iq4_xs", "packed", "centred"]);
    for (const name of ["q4_k_m", "iq4_xs"]) {
      const [cell, ready] = [row(results, `cell-${name}`), row(results, `ready-${name}`)];
      expect(ready).toEqual({ ...cell, histogram: (ready as { histogram: unknown }).histogram });
    }
    for (const name of ["packed", "centred"]) expect(row(results, name)).toEqual(row(results, `cell-${name}`));
    const types = Object.fromEntries(results.cells.map(({ cell }) => [cell.name, [cell.type, cell.mode, cell.container]]));
    expect(types).toMatchObject({ "ready-q4_k_m": ["Q4_K_M", "ready", "native"], "ready-iq4_xs": ["IQ4_XS", "ready", "native"], packed: ["Q4_0", "ready", "packed"], centred: ["Q4_0", "ready", "native"] });
    expect([...results.cells.find(({ cell }) => cell.name === "packed")!.record!.steps.keys()]).not.toContain("quantize");
    expect(await readFile(path.join(out, "cells.csv"), "utf8")).toMatch(/^packed,Q4_0,ready,exact,packed,/m);
    expect(JSON.stringify(JSON.parse(await readFile(path.join(out, "manifest.json"), "utf8")))).toMatch(/"ready":\{"ready-q4_k_m":\{"name":"q4_k_m"/);

    const again = await sweepAndReport(lab, out, { model, also });
    expect(again.computed).toEqual([]);
  }, 300_000);

  it("may be split, and of --only and --also both are run", async () => {
    const [first] = await splitModel(path.join(lab.folder, "q4_k_m.gguf"), lab.folder, "parts", 3);
    const out = await study(["{ name: f16, type: F16 }", "{ name: whole, model: q4_k_m.gguf }"]);
    const ended = await sweepAndReport(lab, out, { model, only: "whole", also: [first!] }).catch((error: unknown) => error);
    expect(ended).toMatchObject({ computed: ["whole", "parts"], failed: [] });
    const results = await loadResults(out);
    expect(row(results, "parts")).toEqual(row(results, "whole"));
  }, 120_000);

  const refused: [string, (folder: string) => Promise<string>, RegExp][] = [
    ["that is missing", (folder) => Promise.resolve(path.join(folder, "none.gguf")), /ready-made file .*none\.gguf: there is no such file/],
    ["of another vocabulary", () => Promise.resolve(demoModel), /ready-made file .*sotu-1m-f16\.gguf has another vocabulary than the model .*prose-7m-f16\.gguf.*tokenizer\.ggml\.\w+ (has|is) .*; give a file that was made from this model/],
    ["that is no model", (folder) => writeSmall("l.gguf", { ...smallFile(), fields: [...smallFile().fields, { key: "general.type", type: "string", value: "adapter" }] }, folder), /is no model but an adapter/],
    ["called as a cell is", async (folder) => {
      await copyFile(path.join(folder, "iq4_xs.gguf"), path.join(folder, "F16.gguf"));
      return path.join(folder, "F16.gguf");
    }, /--also .*F16\.gguf: there is a cell F16 already; call the file otherwise/],
    ["that is cut", async (folder) => {
      await writeFile(path.join(folder, "cut.gguf"), (await readFile(path.join(folder, "iq4_xs.gguf"))).subarray(0, 3_000_000));
      return path.join(folder, "cut.gguf");
    }, /cut\.gguf is (truncated|damaged)/],
  ];
  it.each(refused)("%s is refused before anything is computed", async (_what, make, message) => {
    const out = await study(["{ name: f16, type: F16 }"]);
    await rm(path.join(lab.folder, "F16.gguf"), { force: true });
    await expect(sweepAndReport(lab, out, { model, also: [await make(lab.folder)] })).rejects.toThrow(message);
    await expect(readFile(path.join(out, "cells.csv"))).rejects.toThrow();
  });

  it.each([
    ["with a type", "{ name: a, model: q.gguf, type: Q4_0 }", /type has no meaning beside model/],
    ["with an importance matrix", "{ name: a, model: q.gguf, imatrix: true }", /imatrix has no meaning beside model/],
    ["that is no text", "{ name: a, model: 3 }", /model: 3 is not allowed/],
  ])("%s is a fault of the study", async (_what, cell, message) => {
    const out = await study([cell]);
    await expect(sweepAndReport(lab, out, { model })).rejects.toThrow(message);
  });
});
