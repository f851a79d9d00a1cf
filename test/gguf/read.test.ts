import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ParseError, UserError } from "../../harness/errors.ts";
import { readGguf, readTensor, tensorPieces } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("the demo model's header", async () => {
  const gguf = await readGguf(demoModel);
  expect(gguf.version).toBe(3);
  expect(gguf.metadata.get("general.architecture")).toBe("llama");
  expect(gguf.metadata.get("llama.attention.layer_norm_rms_epsilon")).toBeCloseTo(1e-5, 10);
  expect(gguf.metadata.get("tokenizer.ggml.tokens")).toHaveLength(1024);
  expect(gguf.tensors).toHaveLength(39);
  expect(gguf.tensors[0]).toEqual({ name: "output.weight", shape: [128, 1024], type: "F16", offset: 0, bytes: 262144, elements: 131072 });
  expect(gguf.tensors.reduce((sum, { elements }) => sum + elements, 0)).toBe(1_000_576);
});

test("pieces join to the whole tensor", async () => {
  const gguf = await readGguf(demoModel);
  const tensor = gguf.tensors[0]!;
  const pieces: Buffer[] = [];
  for await (const piece of tensorPieces(gguf, tensor, 1001)) pieces.push(Buffer.from(piece));
  expect(pieces.length).toBeGreaterThan(200);
  expect(Buffer.concat(pieces).equals(Buffer.from(await readTensor(gguf, tensor)))).toBe(true);
});

describe("refuses, naming the file", () => {
  async function damaged(change: (bytes: Buffer) => Buffer): Promise<unknown> {
    const file = path.join(await temporaryFolder(), "damaged.gguf");
    await writeFile(file, change(await readFile(demoModel)));
    return readGguf(file).catch((error: unknown) => error);
  }
  const cases: [string, (bytes: Buffer) => Buffer, RegExp][] = [
    ["an empty file", () => Buffer.alloc(0), /not a GGUF file/],
    ["text", () => Buffer.from("GGML is an older format"), /not a GGUF file/],
    ["a file cut in its header", (bytes) => bytes.subarray(0, 3000), /truncated/],
    ["four bytes", (bytes) => bytes.subarray(0, 4), /truncated/],
    ["a file that lacks its last byte", (bytes) => bytes.subarray(0, bytes.length - 1), /truncated: tensor \S+ ends at byte/],
    ["version 1", (bytes) => (bytes.writeUInt32LE(1, 4), bytes), /version 1;/],
    ["a big-endian file", (bytes) => (bytes.writeUInt32BE(3, 4), bytes), /version 50331648/],
    ["an absurd number of tensors", (bytes) => (bytes.writeBigUInt64LE(2n ** 60n, 8), bytes), /the number of tensors, at byte 8, has 1152921504606846976 tensors.*truncated/],
    ["an absurd length", (bytes) => (bytes.writeBigUInt64LE(2n ** 40n, 24), bytes), /the key of metadata value 1, at byte 24, has 1099511627776 characters/],
  ];
  test.each(cases)("%s", async (_, change, message) => {
    const error = await damaged(change);
    expect(error).toBeInstanceOf(ParseError);
    expect(String((error as Error).message)).toMatch(message);
    expect(String((error as Error).message)).toContain("damaged.gguf");
  });

  test("an unknown tensor type", async () => {
    const error = await damaged((bytes) => {
      const name = bytes.indexOf("output.weight");
      bytes.writeUInt32LE(4, name + "output.weight".length + 4 + 16);
      return bytes;
    });
    expect((error as Error).message).toMatch(/tensor "output\.weight", at byte \d+, is of the unknown type 4/);
  });

  test("a missing file and a folder", async () => {
    await expect(readGguf("no-such-model.gguf")).rejects.toThrow(/no-such-model\.gguf: there is no such file/);
    await expect(readGguf(path.dirname(demoModel))).rejects.toThrow(UserError);
  });
});
