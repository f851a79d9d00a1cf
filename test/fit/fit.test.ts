import { beforeAll, describe, expect, it } from "vitest";
import { tableError } from "../../harness/analysis/lloydMax.ts";
import { balancedTable } from "../../harness/analysis/tables.ts";
import { type FittedFile, fittedFile, fittedYaml } from "../../harness/fit/file.ts";
import { fitTables } from "../../harness/fit/fit.ts";
import { fitBlocks } from "../../harness/fit/fitBlocks.ts";
import { codableTensors, sampleBlocks } from "../../harness/fit/sample.ts";
import { encodeQ8 } from "../../harness/analysis/encode.ts";
import { type Gguf, readGguf } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { confText } from "../../harness/study/conf.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { tableFaults } from "../../harness/study/tables.ts";
import type { FitRequest } from "../../harness/study/types.ts";
import { itOnStories, stories } from "../support/stories.ts";

const never = undefined;
let model: Gguf;
beforeAll(async () => {
  model = await readGguf(demoModel);
});

describe("a sample of blocks", () => {
  it("is every block of a small model, each tensor's in order", async () => {
    const tensors = codableTensors(model);
    const all = await sampleBlocks(model, tensors, 1e9);
    expect(all.weights).toHaveLength(tensors.reduce((sum, { elements }) => sum + elements, 0));
  });

  it("is no larger than asked for, from every tensor, and the same again", async () => {
    const tensors = codableTensors(model);
    const some = await sampleBlocks(model, tensors, 2048);
    expect(some.weights.length / 32).toBeGreaterThan(1900);
    expect(some.weights.length / 32).toBeLessThan(2200);
    expect(await sampleBlocks(model, tensors, 2048)).toEqual(some);
  });

  it("weighs columns by their importance, tensors alike", async () => {
    const [first, second] = codableTensors(model).filter(({ name }) => name.includes("attn_q"));
    const columns = Float32Array.from({ length: first!.shape[0]! }, (_, index) => (index < 32 ? 100 : 1));
    const importance = new Map([[first!.name, columns]]);
    const blocks = await sampleBlocks(model, [first!, second!], 1e9, importance);
    const half = first!.elements;
    const mean = (list: Float32Array): number => list.reduce((sum, value) => sum + value, 0) / list.length;
    expect(mean(blocks.importance!.subarray(0, half))).toBeCloseTo(1, 4);
    expect(mean(blocks.importance!.subarray(half))).toBeCloseTo(1, 4);
    expect(blocks.importance![0]! / blocks.importance![32]!).toBeCloseTo(100, 3);
  });

  itOnStories("leaves out tensors whose rows do not fill blocks", async () => {
    const names = codableTensors(await readGguf(stories.model)).map(({ name }) => name);
    expect(names).not.toContain("blk.0.ffn_down.weight");
    expect(names).toContain("blk.0.ffn_up.weight");
  });
});

describe("tables for the demo model", () => {
  it("Lloyd-Max leaves less of the histogram than the thesis's balanced table and than equal areas", async () => {
    const blocks = await sampleBlocks(model, codableTensors(model), 1e9);
    const counts = new Float64Array(256);
    for (const code of encodeQ8(blocks.weights).codes) counts[code + 128]!++;
    const [best, areas] = (["lloyd-max", "equal-area"] as const).map((method) => fitBlocks(blocks, { method, weights: "histogram" }));
    expect(tableError(best!, counts)).toBeLessThan(0.6 * tableError(areas!, counts));
    expect(tableError(areas!, counts)).toBeLessThan(tableError(balancedTable, counts));
  });

  it("per kind: one for each kind of matrix, each for its own tensors", async () => {
    const request: FitRequest = { method: "lloyd-max", per: "kind", weights: "squared", scale: "absmax" };
    const { tensors, ...whole } = await fitTables(model, request, never);
    const inLayers = ["attn_k", "attn_output", "attn_q", "attn_v", "ffn_down", "ffn_gate", "ffn_up"].map((part) => `blk.*.${part}.weight`);
    expect(tensors.map(({ pattern }) => pattern).sort()).toEqual([...inLayers, "output.weight", "token_embd.weight"]);
    expect(tableFaults({ ...whole, tensors })).toEqual([]);
  });

  it("need an importance matrix for its weights", async () => {
    await expect(fitTables(model, { method: "joint", per: "model", weights: "imatrix", scale: "search" }, never)).rejects.toThrow(/needs an importance matrix/);
  });
});

describe("a fitted table's file", () => {
  const table = { widths: new Array<number>(16).fill(16), values: Array.from({ length: 16 }, (_, index) => index * 15 - 112) };
  const file: FittedFile = fittedFile(
    { ...table, error: 0.0050841111, tensors: [{ ...table, pattern: "blk.*.attn_q.weight", error: 0.1 }] },
    { method: "joint", per: "kind", weights: "squared", scale: "search" },
    { name: "m", sha256: "a".repeat(64) }, { text: "t", sha256: "b".repeat(64), chunks: 3 },
  );

  it("says where it comes from, and nothing that it did not use", () => {
    expect(file.provenance).toEqual({ model: { name: "m", sha256: "a".repeat(64) }, imatrix: null, method: "joint", per: "kind", weights: "squared", scale: "search", error: 0.00508411 });
  });

  it("is a table that a study can name, down to pablo.conf", () => {
    const study = "name: s\ncells: [{ name: c, type: Q4_0, container: packed, table: t.yaml, encode: nearest, scale: search }]\n";
    const [cell] = parseStudy(study, "s.yaml", () => fittedYaml(file)).cells;
    const numbers = [...table.widths, ...table.values].join(" ");
    expect(confText(cell!)).toBe(
      `1 0 2\nCONTAINER packed\nTABLE ${numbers}\nTENSOR_TABLE blk.*.attn_q.weight ${numbers}\nENCODE nearest\nSCALE search\nTYPES Q4_0\n`,
    );
  });

  it("has a list of numbers to a line", () => expect(fittedYaml(file).split("\n")).toContain(`widths: [ ${table.widths.join(", ")} ]`));
});
