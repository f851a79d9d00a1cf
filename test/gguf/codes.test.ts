import path from "node:path";
import { expect, test } from "vitest";
import { balancedTable, basicTable } from "../../harness/analysis/tables.ts";
import { codeCounts } from "../../harness/gguf/codes.ts";
import { codesReadable } from "../../harness/gguf/stream.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { readExpected } from "../../harness/regress/expected.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { totalCodes, writeDemo } from "./demo.ts";
import type { DemoScheme } from "./demo.ts";

const schemes: [string, DemoScheme][] = [
  ["q4_0", { kind: "q4_0" }],
  ...[0, 1, 2, 3].map((radius): [string, DemoScheme] => [`q4_0-own-r${radius}`, { kind: "centred", radius }]),
  ["q8_0", { kind: "q8_0" }],
  ["q8_0-own-basic", { kind: "table", table: basicTable, container: "native" }],
  ["q8_0-own-balanced", { kind: "table", table: balancedTable, container: "native" }],
];

test.each(schemes)("%s: codes and zero runs of the demo model are those of the thesis's fork", async (name, scheme) => {
  const numbers = (await readExpected()).schemes.get(name)!;
  const folder = await temporaryFolder();
  const histogram = await codeCounts(await writeDemo(path.join(folder, "model.gguf"), scheme));
  expect(histogram.tensors).toHaveLength(numbers.tensors);
  expect(histogram.zeroRuns).toEqual(numbers.zero_runs);
  expect(totalCodes(histogram)).toEqual(numbers.codes);
});

test("a packed table has the native one's codes, in nibble order", async () => {
  const folder = await temporaryFolder();
  const native = await codeCounts(await writeDemo(path.join(folder, "native.gguf"), { kind: "table", table: balancedTable, container: "native" }));
  const packed = await codeCounts(await writeDemo(path.join(folder, "packed.gguf"), { kind: "table", table: balancedTable, container: "packed" }));
  expect(packed.tensors.map(({ counts }) => counts)).toEqual(native.tensors.map(({ counts }) => counts));
  expect(packed.tensors.map(({ type }) => type)).not.toContain("Q8_0");
  expect(packed.zeroRuns).not.toEqual(native.zeroRuns);
});

test("codes that the fork's packing overwrote are refused", async () => {
  const folder = await temporaryFolder();
  const model = await writeDemo(path.join(folder, "model.gguf"), { kind: "centred", radius: 0, packing: true });
  expect(codesReadable(model)).toBe(false);
  await expect(codeCounts(model)).rejects.toThrow(/model\.gguf.*packing/);
});

function signedBlock(codes: number[]): Uint8Array {
  return Uint8Array.from([0, 60, ...codes]);
}

test("runs cross blocks, rows, tensors and other tensors between; an open one counts", async () => {
  const file = path.join(await temporaryFolder(), "model.gguf");
  const ones = new Array<number>(32).fill(1);
  const endsInZeros = [...ones.slice(0, 30), 0, 0];
  const startsWithZero = [0, ...ones.slice(0, 31)];
  const zeros = new Array<number>(32).fill(0);
  await writeGguf(file, [], [
    { name: "a", shape: [32, 2], type: "Q8_0", pieces: () => [signedBlock(endsInZeros), signedBlock([...startsWithZero.slice(0, 31), 0])] },
    { name: "norm", shape: [2], type: "F32", pieces: () => [new Uint8Array(8)] },
    { name: "b", shape: [32, 2], type: "Q8_0", pieces: () => [signedBlock(startsWithZero), signedBlock(zeros)] },
  ]);
  const { zeroRuns } = await codeCounts(await readGguf(file));
  const wanted = new Array<number>(16).fill(0);
  wanted[1] = 1;
  wanted[2] = 1;
  wanted[15] = 1;
  expect(zeroRuns).toEqual(wanted);
});

test("zero is the stored number 0", async () => {
  const file = path.join(await temporaryFolder(), "model.gguf");
  const block = [0, 60, 0x80, ...new Array<number>(15).fill(0x11)];
  await writeGguf(file, [], [{ name: "a", shape: [32], type: "Q4_0", pieces: () => [Uint8Array.from(block)] }]);
  const { zeroRuns, tensors } = await codeCounts(await readGguf(file));
  expect(zeroRuns[0]).toBe(1);
  expect(tensors[0]!.counts).toEqual([1, 30, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
});
