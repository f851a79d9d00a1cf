import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { entropy } from "../../harness/analysis/entropy.ts";
import { gaussianTensors } from "../../harness/gguf/gaussianModel.ts";
import { llamaFields, type LlamaShape, llamaShapes, llamaTensors } from "../../harness/gguf/llamaModel.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { allValues } from "./demo.ts";

const tiny: LlamaShape = { layers: 2, width: 256, feedForward: 768, heads: 4, keyValueHeads: 2, vocabulary: 300 };

test("what is written is read back", async () => {
  const file = path.join(await temporaryFolder(), "model.gguf");
  await writeGguf(
    file,
    [
      { key: "a.text", type: "string", value: "añ▁" },
      { key: "a.flag", type: "bool", value: true },
      { key: "a.number", type: "i32", value: -5 },
      { key: "a.small", type: "array", of: "i8", value: [-128, 127] },
      { key: "a.words", type: "array", of: "string", value: ["", "b"] },
    ],
    [
      { name: "odd", shape: [3], type: "F32", pieces: () => [new Uint8Array(Float32Array.of(1, 2, 3).buffer)] },
      { name: "next", shape: [2, 2], type: "F16", pieces: () => [Uint8Array.from([0, 60, 0, 64]), Uint8Array.from([0, 66, 0, 68])] },
    ],
  );
  const gguf = await readGguf(file);
  expect(Object.fromEntries(gguf.metadata)).toEqual({ "a.text": "añ▁", "a.flag": true, "a.number": -5, "a.small": [-128, 127], "a.words": ["", "b"] });
  expect(gguf.tensors.map(({ offset }) => offset)).toEqual([0, 32]);
  expect([...(await allValues(gguf, gguf.tensors[0]!))]).toEqual([1, 2, 3]);
  expect([...(await allValues(gguf, gguf.tensors[1]!))]).toEqual([1, 2, 3, 4]);
});

test("a tensor that gives too few bytes leaves no file", async () => {
  const folder = await temporaryFolder();
  const short = { name: "short", shape: [32], type: "F16", pieces: () => [new Uint8Array(62)] };
  await expect(writeGguf(path.join(folder, "model.gguf"), [], [short])).rejects.toThrow(/short gave 62 bytes.*64/);
  expect(await readdir(folder)).toEqual([]);
});

test("a folder that is not there is named", async () => {
  await expect(writeGguf("no-such-folder/model.gguf", [], [])).rejects.toThrow(/Cannot write no-such-folder\/model\.gguf/);
});

/** Of numbers by the hundred thousand vitest makes lists. */
function same(one: Float32Array, other: Float32Array): boolean {
  return Buffer.from(one.buffer).equals(Buffer.from(other.buffer));
}

test.each(["F16", "F32", "BF16"] as const)("a Gaussian model in %s is seeded and Gaussian", async (type) => {
  const folder = await temporaryFolder();
  const write = async (name: string, seed: number): Promise<Float32Array> => {
    const file = path.join(folder, name);
    await writeGguf(file, llamaFields("tiny", tiny, type), gaussianTensors(tiny, type, seed));
    const gguf = await readGguf(file);
    expect(gguf.tensors).toHaveLength(3 + 9 * tiny.layers);
    return allValues(gguf, gguf.tensors.find(({ name: tensor }) => tensor === "blk.1.ffn_up.weight")!);
  };
  const values = await write("a", 7);
  expect(same(await write("b", 7), values)).toBe(true);
  expect(same(await write("c", 8), values)).toBe(false);
  const bins = new Array<number>(64).fill(0);
  let power = 0;
  for (const value of values) {
    power += value * value;
    bins[Math.min(63, Math.max(0, Math.floor(value / 0.005) + 32))]!++;
  }
  expect(Math.sqrt(power / values.length)).toBeCloseTo(0.02, 3);
  expect(entropy(bins)).toBeCloseTo(Math.log2(4 * Math.sqrt(2 * Math.PI * Math.E)), 1);
});

test("shapes: sizes as named, every matrix row a multiple of 256", () => {
  const sizes = Object.entries(llamaShapes).map(([name, shape]) => {
    const tensors = llamaTensors(shape);
    for (const { shape: dimensions } of tensors) expect(dimensions[0]! % 256).toBe(0);
    return [name, tensors.reduce((sum, { shape: dimensions }) => sum + dimensions.reduce((product, size) => product * size, 1), 0)];
  });
  expect(Object.fromEntries(sizes)).toEqual({ "100m": 97_536_768, "1b": 1_100_048_384, "7b": 6_738_415_616 });
});
