import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { cellKey, type KeyInputs } from "../../harness/store/key.ts";
import { cellFolder, readFailure, readRecord, writeFailure, writeRecord } from "../../harness/store/store.ts";
import { temporaryFolder } from "../support/temporary.ts";

const inputs: KeyInputs = {
  tree: "t", libraryHash: "l", compiler: "c", cmakeFlags: ["-DA=1"], cpu: "x", model: "a".repeat(64), text: "b".repeat(64),
  conf: "1 0 0\n", steps: [["llama-quantize", "{model}", "{quantized}", "Q4_0", "2"]],
};
const key = cellKey(inputs);

async function stored(): Promise<{ results: string; file: string }> {
  const results = await temporaryFolder();
  const log = path.join(results, "log");
  await writeFile(log, "what was said");
  await writeRecord(
    results,
    {
      key, inputs, file: { sha256: "c".repeat(64), bytes: 100 },
      tensors: [{ name: "w", shape: [32, 1], type: "Q4_0", bytes: 18, elements: 32, fallback: null }],
      histogram: { zeroRuns: Array<number>(16).fill(0), tensors: [] },
      perplexity: { ppl: 5286551.2193, error: 0.25, nll: 15.4806, chunks: [1 / 3, 2] },
      divergence: null, compression: null, weightErrors: [],
      quantizeSeconds: 1, perplexitySeconds: 2, tokensPerSecond: null, argv: [["llama-quantize"]], date: new Date().toISOString(),
    },
    { "run.log": log },
  );
  return { results, file: path.join(cellFolder(results, key), "record.json") };
}

describe("a cell's key", () => {
  const changes: Partial<KeyInputs>[] = [
    { tree: "u" }, { libraryHash: "m" }, { compiler: "d" }, { cmakeFlags: [] }, { cpu: "y" }, { model: "d".repeat(64) },
    { text: "e".repeat(64) }, { imatrixText: "f".repeat(64) }, { conf: null }, { conf: "1 1 0\n" }, { steps: [["llama-quantize", "{model}", "{quantized}", "Q4_0", "4"]] },
  ];
  it("changes with everything that determines the cell", () => {
    const keys = [key, ...changes.map((change) => cellKey({ ...inputs, ...change }))];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("does not depend on the order of fields", () => {
    expect(cellKey(Object.fromEntries(Object.entries(inputs).reverse()) as unknown as KeyInputs)).toBe(key);
  });
});

describe("the store", () => {
  it("gives back what was kept", async () => {
    const { results } = await stored();
    const record = await readRecord(results, key);
    expect(record?.perplexity).toEqual({ ppl: 5286551.2193, error: 0.25, nll: 15.4806, chunks: [1 / 3, 2] });
    expect(Object.keys(record?.files ?? {})).toEqual(["run.log"]);
  });

  it("has no record without the record's file, however complete the rest is", async () => {
    const { results, file } = await stored();
    await rm(file);
    expect(await readRecord(results, key)).toBeNull();
  });

  it("misses a record in which any one byte was overwritten", async () => {
    const { results, file } = await stored();
    const good = await readFile(file);
    const steps = Math.max(1, Math.floor(good.length / 97));
    for (let position = 0; position < good.length; position += steps) {
      const bad = Buffer.from(good);
      bad[position] = bad[position] === 0x37 ? 0x38 : 0x37;
      await writeFile(file, bad);
      const isSpace = /\s/.test(String.fromCharCode(good[position]!));
      const record = await readRecord(results, key);
      if (!isSpace) expect(record, `byte ${position}`).toBeNull();
    }
    await writeFile(file, good);
    expect(await readRecord(results, key)).not.toBeNull();
  });

  it("misses a record that is cut short, empty, or another cell's", async () => {
    const { results, file } = await stored();
    const good = await readFile(file);
    for (const bad of [good.subarray(0, good.length / 2), Buffer.alloc(0), Buffer.from("{}")]) {
      await writeFile(file, bad);
      expect(await readRecord(results, key)).toBeNull();
    }
    await writeFile(file, good);
    const other = cellFolder(results, "f".repeat(64));
    await import("node:fs/promises").then(({ cp }) => cp(cellFolder(results, key), other, { recursive: true }));
    expect(await readRecord(results, "f".repeat(64))).toBeNull();
  });

  it("misses a record whose other files were changed or lost", async () => {
    const { results } = await stored();
    const log = path.join(cellFolder(results, key), "run.log");
    await writeFile(log, "what was never said");
    expect(await readRecord(results, key)).toBeNull();
    await rm(log);
    expect(await readRecord(results, key)).toBeNull();
  });

  it("keeps why a cell failed, until it succeeds", async () => {
    const results = await temporaryFolder();
    await writeFailure(results, key, "it rained", { "run.log": path.join(results, "missing") });
    expect(await readFailure(results, key)).toMatchObject({ reason: "it rained" });
    expect(await readRecord(results, key)).toBeNull();
  });

  it("refuses to keep a number that is not finite", async () => {
    const results = await temporaryFolder();
    const record = {
      key, inputs, file: { sha256: "c".repeat(64), bytes: 1 }, tensors: [{ name: "w", shape: [32], type: "F32", bytes: 1, elements: 1, fallback: null }],
      histogram: null, perplexity: { ppl: Number.NaN, error: 0, nll: 0, chunks: [0] }, divergence: null, compression: null, weightErrors: [], quantizeSeconds: null, perplexitySeconds: 1,
      tokensPerSecond: null, argv: [], date: new Date().toISOString(),
    };
    await expect(writeRecord(results, record, {})).rejects.toThrow(/ppl/);
    expect(await readRecord(results, key)).toBeNull();
  });
});
