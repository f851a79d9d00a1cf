import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeQ8 } from "../../harness/analysis/encode.ts";
import { halfToFloat } from "../../harness/analysis/half.ts";
import { basicTable } from "../../harness/analysis/tables.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { allValues } from "../gguf/demo.ts";
import { packBytes, packOffsetNibbles, packPublishedNibbles, packSignedNibbles } from "./pack.ts";
import { encodeQ4, nibbleOrder, throughTable, zeroRadius } from "./schemes.ts";

/**
 * SHA-256 over the bytes of all 30 matrices of the demo model, in file order, as
 * `llama-quantize --pure` of b10361 on x86 wrote them.
 */
const upstreamHashes = {
  Q4_0: "3a1404514729fca89fb2285ce372d30099fa5e47420da241fa951d1a0736b45e",
  Q8_0: "0dbfee0c7cbc5713ca6b146554fb52e1495be8c696a47bc18b60be001bfa621e",
};

test.each([
  ["Q4_0", (weights: Float32Array) => packOffsetNibbles(encodeQ4(weights))],
  ["Q8_0", (weights: Float32Array) => packBytes(encodeQ8(weights))],
] as const)("%s of the demo model is upstream's, byte for byte", async (type, encode) => {
  const model = await readGguf(demoModel);
  const hash = createHash("sha256");
  for (const tensor of model.tensors) if (tensor.shape.length === 2) hash.update(encode(await allValues(model, tensor)));
  expect(hash.digest("hex")).toBe(upstreamHashes[type]);
});

function block(...first: number[]): Float32Array {
  return Float32Array.from({ length: 32 }, (_, index) => first[index] ?? 0);
}

test("Q4_0: the extreme is -8 whatever its sign, the first of equals decides, halves go up, 8 is cut to 7", () => {
  const { scales, codes } = encodeQ4(block(4, -4, 0.25, -0.25, 0.24));
  expect(halfToFloat(scales[0]!)).toBe(-0.5);
  expect([...codes.subarray(0, 6)]).toEqual([-8, 7, 0, 1, 0, 0]);
});

test("Q8_0: rounds half away from zero, keeps ±127", () => {
  const { scales, codes } = encodeQ8(block(-127, 127, 2.5, -2.5, 0.5, -0.49));
  expect(halfToFloat(scales[0]!)).toBe(1);
  expect([...codes.subarray(0, 6)]).toEqual([-127, 127, 3, -3, 1, 0]);
});

test("an all-zero block has scale and codes zero", () => {
  expect(encodeQ4(block())).toEqual({ scales: Uint16Array.of(0x8000), codes: new Int8Array(32) });
  expect(encodeQ8(block())).toEqual({ scales: Uint16Array.of(0), codes: new Int8Array(32) });
});

test("own schemes on codes", () => {
  const encoded = { scales: Uint16Array.of(0), codes: Int8Array.of(-8, -2, -1, 0, 1, 2, 7) };
  expect([...zeroRadius(encoded, 1).codes]).toEqual([-8, -2, 0, 0, 0, 2, 7]);
  const bytes = { scales: Uint16Array.of(0), codes: Int8Array.of(-128, -127, -65, -64, -3, -2, -1, 0, 1, 2, 3, 4, 64, 127) };
  expect([...throughTable(bytes, basicTable).codes]).toEqual([-8, -8, -8, -7, -3, -2, -1, 0, 1, 2, 2, 3, 7, 7]);
});

test("nibbles: order of storage, signs, and the fork's packing", () => {
  const codes = Int8Array.from({ length: 32 }, (_, index) => (index < 16 ? index - 8 : 3));
  const encoded = { scales: Uint16Array.of(0x1234), codes };
  expect([...nibbleOrder(codes).subarray(0, 6)]).toEqual([-8, 3, -7, 3, -6, 3]);
  expect([...packSignedNibbles(encoded).subarray(0, 4)]).toEqual([0x34, 0x12, 0x38, 0x39]);
  expect([...packOffsetNibbles(encoded).subarray(2, 4)]).toEqual([0xb0, 0xb1]);
  expect([...packPublishedNibbles(encoded).subarray(2, 4)]).toEqual([0xf8, 0xf9]);
  expect(packPublishedNibbles(encoded)[2 + 9]).toBe(0x31);
});
