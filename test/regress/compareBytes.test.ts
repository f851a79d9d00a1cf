import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { writeGguf, type GgufField } from "../../harness/gguf/write.ts";
import { describeDifference, firstDifference } from "../../harness/regress/compareBytes.ts";
import { temporaryFolder } from "../support/temporary.ts";

async function gguf(folder: string, name: string, fields: GgufField[], second: readonly number[], type = "Q8_0"): Promise<string> {
  const file = path.join(folder, name);
  const tensor = (title: string, bytes: Uint8Array): Parameters<typeof writeGguf>[2][number] => ({ name: title, shape: [32], type, pieces: () => [bytes] });
  await writeGguf(file, fields, [tensor("first", new Uint8Array(34)), tensor("second", Uint8Array.from(second))]);
  return file;
}

const field = (value: string): GgufField => ({ key: "general.name", type: "string", value });
const zeros = Array<number>(34).fill(0);

it("equal files have no difference", async () => {
  const folder = await temporaryFolder();
  const [one, other] = [await gguf(folder, "a", [field("x")], zeros), await gguf(folder, "b", [field("x")], zeros)];
  expect(await firstDifference(one, other)).toBeUndefined();
  expect(await describeDifference(one, other)).toEqual([]);
});

it("a difference is told by tensor and byte", async () => {
  const folder = await temporaryFolder();
  const one = await gguf(folder, "a", [field("x")], zeros);
  const other = await gguf(folder, "b", [field("x")], zeros.map((_zero, index) => (index === 5 || index === 33 ? 0xab : 0)));
  const before = await readFile(one);
  const after = await readFile(other);
  expect(await firstDifference(one, other)).toBe(before.findIndex((byte, index) => byte !== after[index]));
  expect(await describeDifference(one, other)).toEqual(["tensor second (Q8_0): byte 5 is 0xab, upstream's 0x00; 2 of 34 bytes differ"]);
});

it("metadata that differ are named", async () => {
  const folder = await temporaryFolder();
  const one = await gguf(folder, "a", [field("x")], zeros);
  const other = await gguf(folder, "b", [field("y"), { key: "pablo.version", type: "u32", value: 1 }], zeros);
  expect(await describeDifference(one, other)).toEqual(['metadata general.name is "y", upstream\'s "x"', "metadata pablo.version is 1, upstream's absent"]);
});

it("a file that is cut short differs at its end", async () => {
  const folder = await temporaryFolder();
  const one = await gguf(folder, "a", [field("x")], zeros);
  const bytes = await readFile(one);
  await writeFile(path.join(folder, "b"), bytes.subarray(0, -3));
  expect(await firstDifference(one, path.join(folder, "b"))).toBe(bytes.length - 3);
});
