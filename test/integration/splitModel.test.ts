import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { demoModel } from "../../harness/paths.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { readRecord, resultsStore } from "../../harness/store/store.ts";
import { makeRealLab, sweepAndReport, tablesOf } from "../support/realLab.ts";
import { splitModel } from "../support/splitModel.ts";
import { smallFile, smallModel, writeSmall } from "../support/smallModel.ts";
import { llamaFields } from "../../harness/gguf/llamaModel.ts";
import { gaussianTensors } from "../../harness/gguf/gaussianModel.ts";

/** Every record that a results folder's plan names, but for what differs from run to run. */
async function records(out: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const { cell, steps } of (await readPlan(out))!.cells) {
    for (const { step, key } of steps) {
      const record = await readRecord(resultsStore(out), step, key);
      if (record) found[`${cell.name} ${step}`] = { key, inputs: record.inputs, files: record.files, result: record.result };
    }
  }
  return JSON.parse(JSON.stringify(found, (name, value: unknown) => (/seconds|tokensPerSecond/i.test(name) ? null : value))) as Record<string, unknown>;
}

describe("a split model", () => {
  it("gives the records and tables of the whole one", async () => {
    const lab = await makeRealLab();
    vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
    const [first] = await splitModel(demoModel, lab.folder, "sotu-1m-f16", 3);
    const [whole, split] = [path.join(lab.folder, "whole"), path.join(lab.folder, "split")];
    expect((await sweepAndReport(lab, split, { model: first! })).failed).toEqual([]);
    const other = await makeRealLab();
    vi.stubEnv("QUANTFLEX_CACHE", other.cache);
    expect((await sweepAndReport(other, whole, { model: demoModel })).failed).toEqual([]);
    const [ofWhole, ofSplit] = [await records(whole), await records(split)];
    expect(Object.keys(ofSplit).length).toBeGreaterThan(8);
    expect(ofSplit).toEqual(ofWhole);
    expect(await tablesOf(split)).toEqual(await tablesOf(whole));
  }, 300_000);

  it("is refused before anything is computed when a part is a model's of another width", async () => {
    const lab = await makeRealLab();
    vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
    const folder = path.join(lab.folder, "models");
    await mkdir(folder);
    const shape = { layers: 1, width: 128, feedForward: 64, heads: 2, keyValueHeads: 2, vocabulary: 320 };
    const wide = await writeSmall("wide.gguf", { fields: llamaFields("small", shape, "F16"), tensors: gaussianTensors(shape, "F16", 1) }, lab.folder);
    expect(smallFile().tensors).toHaveLength(gaussianTensors(shape, "F16", 1).length);
    const parts = await splitModel(await smallModel(), folder, "m", 2);
    const others = await splitModel(wide, lab.folder, "wide", 2);
    await rename(others[1]!, parts[1]!);
    await expect(sweepAndReport(lab, path.join(lab.folder, "out"), { model: parts[0]! })).rejects.toThrow(/cannot be loaded by llama\.cpp .*: .*tensor .* wrong shape.*convert the model again/);
  }, 120_000);
});
