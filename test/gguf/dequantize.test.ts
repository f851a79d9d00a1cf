import path from "node:path";
import { expect, test } from "vitest";
import { encodeQ8 } from "../../harness/analysis/encode.ts";
import { halfToFloat } from "../../harness/analysis/half.ts";
import { balancedTable } from "../../harness/analysis/tables.ts";
import { decodeBlocks, tensorValues } from "../../harness/gguf/dequantize.ts";
import { ownCoding } from "../../harness/gguf/own.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { weightErrors } from "../../harness/gguf/weightErrors.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { demoModel } from "../../harness/paths.ts";
import { throughTable } from "../analysis/schemes.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { allValues, writeDemo } from "./demo.ts";

const nibbles = Array.from({ length: 16 }, (_, index) => index | ((15 - index) << 4));
const one = [0x00, 0x3c];

test("Q4_0, Q4_1, IQ4_NL and Q8_0 blocks by hand", () => {
  expect([...decodeBlocks("Q4_0", Uint8Array.from([...one, ...nibbles]))]).toEqual([-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8]);
  expect([...decodeBlocks("Q4_1", Uint8Array.from([...one, 0x00, 0x40, ...nibbles]))].slice(0, 3)).toEqual([2, 3, 4]);
  expect([...decodeBlocks("IQ4_NL", Uint8Array.from([...one, ...nibbles]))].slice(14, 18)).toEqual([89, 113, 113, 89]);
  expect([...decodeBlocks("Q8_0", Uint8Array.from([0x00, 0xc0, 128, 127, 1, ...new Array<number>(29).fill(0)]))].slice(0, 3)).toEqual([256, -254, -2]);
});

test("floats", () => {
  expect([...decodeBlocks("F32", new Uint8Array(Float32Array.of(1.5, -0.1).buffer))]).toEqual([1.5, Math.fround(-0.1)]);
  expect([...decodeBlocks("F16", Uint8Array.from([0x00, 0xc2]))]).toEqual([-3]);
  expect([...decodeBlocks("BF16", Uint8Array.from([0x40, 0xc0]))]).toEqual([-3]);
  expect(() => decodeBlocks("Q6_K", new Uint8Array(210))).toThrow(/Q6_K/);
});

test.each(["native", "packed"] as const)("a table in %s container decodes to scale × table value", async (container) => {
  const folder = await temporaryFolder();
  const original = await readGguf(demoModel);
  const written = await writeDemo(path.join(folder, "model.gguf"), { kind: "table", table: balancedTable, container });
  for (const tensor of written.tensors.slice(0, 3)) {
    const { scales, codes } = throughTable(encodeQ8(await allValues(original, original.tensors.find(({ name }) => name === tensor.name)!)), balancedTable);
    const wanted = Float32Array.from(codes, (code, index) => halfToFloat(scales[index >> 5]!) * balancedTable.values[code + 8]!);
    expect(Buffer.from((await allValues(written, tensor)).buffer).equals(Buffer.from(wanted.buffer))).toBe(true);
  }
});

test("centred with radius 0 is upstream's Q4_0, and loses more with each radius", async () => {
  const folder = await temporaryFolder();
  const original = await readGguf(demoModel);
  const upstream = await writeDemo(path.join(folder, "q4_0.gguf"), { kind: "q4_0" });
  const centred = await writeDemo(path.join(folder, "r0.gguf"), { kind: "centred", radius: 0 });
  const wider = await writeDemo(path.join(folder, "r2.gguf"), { kind: "centred", radius: 2 });
  const errors = await weightErrors(original, upstream);
  expect(errors).toHaveLength(30);
  expect((await weightErrors(original, centred)).map(({ relative }) => relative)).toEqual(errors.map(({ relative }) => relative));
  for (const { relative } of errors) expect(relative).toBeGreaterThan(0.003);
  for (const { relative } of errors) expect(relative).toBeLessThan(0.012);
  const lossier = await weightErrors(original, wider);
  lossier.forEach(({ relative }, index) => expect(relative).toBeGreaterThan(3 * errors[index]!.relative));
});

test("the comparison of weights can be stopped", async () => {
  const original = await readGguf(demoModel);
  const folder = await temporaryFolder();
  const quantized = await writeDemo(path.join(folder, "model.gguf"), { kind: "q4_0" });
  await expect(weightErrors(original, quantized, AbortSignal.abort())).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
});

test("pieces of any size give the same values", async () => {
  const original = await readGguf(demoModel);
  const tensor = original.tensors[0]!;
  const whole = await allValues(original, tensor);
  let done = 0;
  for await (const piece of tensorValues(original, tensor, 777)) {
    expect([...piece]).toEqual([...whole.subarray(done, done + piece.length)]);
    done += piece.length;
  }
  expect(done).toBe(whole.length);
});

test("a centred file's Q8_0 tensors go through its table, tensors it does not name are upstream's", async () => {
  const file = path.join(await temporaryFolder(), "mixed.gguf");
  const nibbleBlock = Uint8Array.from([...one, 0x8f, ...new Array<number>(15).fill(0)]);
  const byteBlock = Uint8Array.from([...one, 0xf8, 7, ...new Array<number>(30).fill(0)]);
  await writeGguf(
    file,
    [
      { key: "pablo.version", type: "u32", value: 1 },
      { key: "pablo.scheme", type: "string", value: "centred" },
      { key: "pablo.container", type: "string", value: "native" },
      { key: "pablo.tensors", type: "array", of: "string", value: ["centred", "table"] },
      { key: "pablo.table.widths", type: "array", of: "i32", value: balancedTable.widths },
      { key: "pablo.table.values", type: "array", of: "i8", value: balancedTable.values },
    ],
    [
      { name: "centred", shape: [32], type: "Q4_0", pieces: () => [nibbleBlock] },
      { name: "table", shape: [32], type: "Q8_0", pieces: () => [byteBlock] },
      { name: "upstream", shape: [32], type: "Q4_0", pieces: () => [nibbleBlock] },
      { name: "bytes", shape: [32], type: "Q8_0", pieces: () => [byteBlock] },
    ],
  );
  const gguf = await readGguf(file);
  const beginnings = await Promise.all(gguf.tensors.map(async (tensor) => [...(await allValues(gguf, tensor)).subarray(0, 2)]));
  expect(beginnings).toEqual([[-1, 0], [-127, 127], [7, -8], [-8, 7]]);
});

test("one table for each tensor", async () => {
  const file = path.join(await temporaryFolder(), "tables.gguf");
  const other = balancedTable.values.map((value) => Math.trunc(value / 2));
  const block = Uint8Array.from([...one, 0x78, ...new Array<number>(15).fill(0)]);
  await writeGguf(
    file,
    [
      { key: "pablo.version", type: "u32", value: 1 },
      { key: "pablo.scheme", type: "string", value: "table" },
      { key: "pablo.container", type: "string", value: "packed" },
      { key: "pablo.tensors", type: "array", of: "string", value: ["a", "b"] },
      { key: "pablo.table.widths", type: "array", of: "i32", value: balancedTable.widths },
      { key: "pablo.table.values", type: "array", of: "i8", value: [...balancedTable.values, ...other] },
    ],
    ["a", "b"].map((name) => ({ name, shape: [32], type: "Q4_0", pieces: () => [block] })),
  );
  const gguf = await readGguf(file);
  const decoded = await Promise.all(gguf.tensors.map(async (tensor) => allValues(gguf, tensor)));
  expect(decoded.map((values) => [values[0], values[16]])).toEqual([[-127, 127], [-63, 63]]);
});

test("an own-coded file whose version was damaged is not taken for upstream's", async () => {
  const file = path.join(await temporaryFolder(), "damaged.gguf");
  await writeGguf(
    file,
    [{ key: "pablo.versiom", type: "u32", value: 1 }, { key: "pablo.scheme", type: "string", value: "centred" }],
    [{ name: "a", shape: [32], type: "Q4_0", pieces: () => [new Uint8Array(18)] }],
  );
  const gguf = await readGguf(file);
  expect(() => ownCoding(gguf)).toThrow(/damaged\.gguf: pablo\.version is missing; only 1 is known/);
});
