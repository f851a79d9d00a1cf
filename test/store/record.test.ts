import { cp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { type KeyInputs, stepKey, type StepRecord } from "../../harness/store/record.ts";
import { readFailure, readRecord, stepFolder, writeFailure, writeRecord } from "../../harness/store/store.ts";
import { hashText } from "../../harness/hash.ts";
import { temporaryFolder } from "../support/temporary.ts";

const inputs: KeyInputs = {
  step: "evaluate", version: 1, argv: ["llama-perplexity", "-m", "{quantized}"], config: { chunks: 2 },
  facts: { tree: "t" }, inputs: { quantized: "a".repeat(64) },
};
const key = stepKey(inputs);

function recordOf(result: Record<string, unknown>): StepRecord {
  return { key, inputs, result, argv: ["llama-perplexity"], seconds: 2, date: new Date().toISOString(), files: { histogram: { bytes: 13, sha256: hashText("what was said"), kept: true } } };
}

async function stored(): Promise<{ store: string; folder: string; file: string }> {
  const store = await temporaryFolder();
  const histogram = path.join(store, "histogram");
  await writeFile(histogram, "what was said");
  await writeRecord(store, recordOf({ perplexity: { ppl: 5286551.2193, chunks: [1 / 3, 2] } }), { histogram });
  const folder = stepFolder(store, "evaluate", key);
  return { store, folder, file: path.join(folder, "record.json") };
}

describe("a step's key", () => {
  const changes: Partial<KeyInputs>[] = [
    { step: "count" }, { version: 2 }, { argv: [] }, { config: { chunks: 3 } }, { config: {} }, { facts: { tree: "u" } }, { inputs: { quantized: "b".repeat(64) } }, { inputs: {} },
  ];
  it("changes with everything that determines the step", () => {
    const keys = [key, ...changes.map((change) => stepKey({ ...inputs, ...change }))];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("does not depend on the order of fields", () => {
    expect(stepKey(Object.fromEntries(Object.entries(inputs).reverse()) as unknown as KeyInputs)).toBe(key);
  });
});

describe("the store", () => {
  it("gives back what was kept", async () => {
    const { store } = await stored();
    const record = await readRecord(store, "evaluate", key);
    expect(record?.result).toEqual({ perplexity: { ppl: 5286551.2193, chunks: [1 / 3, 2] } });
    expect(record?.inputs).toEqual(inputs);
  });

  it("has no record without the record's file, however complete the rest is", async () => {
    const { store, file } = await stored();
    await rm(file);
    expect(await readRecord(store, "evaluate", key)).toBeNull();
  });

  it("misses a record in which any one byte was overwritten", async () => {
    const { store, file } = await stored();
    const good = await readFile(file);
    for (let position = 0; position < good.length; position++) {
      const bad = Buffer.from(good);
      bad[position] = bad[position] === 0x37 ? 0x38 : 0x37;
      await writeFile(file, bad);
      expect(await readRecord(store, "evaluate", key), `byte ${position}`).toBeNull();
    }
    await writeFile(file, good);
    expect(await readRecord(store, "evaluate", key)).not.toBeNull();
  });

  it("misses a record that is cut short, empty, or another step's", async () => {
    const { store, folder, file } = await stored();
    const good = await readFile(file);
    for (const bad of [good.subarray(0, good.length / 2), Buffer.alloc(0), Buffer.from("{}")]) {
      await writeFile(file, bad);
      expect(await readRecord(store, "evaluate", key)).toBeNull();
    }
    await writeFile(file, good);
    await cp(folder, stepFolder(store, "evaluate", "f".repeat(64)), { recursive: true });
    expect(await readRecord(store, "evaluate", "f".repeat(64))).toBeNull();
  });

  it("misses a record whose other files were changed or lost", async () => {
    const { store, folder } = await stored();
    const histogram = path.join(folder, "histogram");
    await writeFile(histogram, "what was sa1d");
    expect(await readRecord(store, "evaluate", key)).toBeNull();
    await rm(histogram);
    expect(await readRecord(store, "evaluate", key)).toBeNull();
  });

  it("keeps why a step failed, and what it printed, until it succeeds", async () => {
    const store = await temporaryFolder();
    const log = path.join(store, "run.log");
    await writeFile(log, "drops");
    await writeFailure(store, "evaluate", key, "it rained", { "run.log": log });
    expect(await readFailure(store, "evaluate", key)).toMatchObject({ reason: "it rained" });
    expect(await readFile(path.join(stepFolder(store, "evaluate", key), "run.log"), "utf8")).toBe("drops");
    expect(await readRecord(store, "evaluate", key)).toBeNull();
  });
});
