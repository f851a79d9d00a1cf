import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Encoded } from "../../harness/analysis/encode.ts";
import { conditionalEntropy, entropy } from "../../harness/analysis/entropy.ts";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { codeCounts } from "../../harness/gguf/codes.ts";
import { type Gguf, readGguf } from "../../harness/gguf/read.ts";
import { codedTensors, codePieces } from "../../harness/gguf/stream.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { which } from "../../harness/process/which.ts";
import { measureCompression } from "../../harness/steps/compression.ts";
import type { RecordedCompression } from "../../harness/steps/compressionRecord.ts";
import { gaussianEntropy } from "../analysis/gaussianEntropy.ts";
import { packBytes, packOffsetNibbles } from "../analysis/pack.ts";
import { totalCodes, writeDemo } from "../gguf/demo.ts";
import { temporaryFolder } from "../support/temporary.ts";

const never = new AbortController().signal;

/** Independent codes of 4 and of 8 bits, of the shape that Gaussian weights have. */
async function independentFile(folder: string): Promise<string> {
  const file = path.join(folder, "independent.gguf");
  const values = gaussianValues(64 * 4096, 3);
  await writeGguf(file, [], [
    { name: "a.weight", shape: [4096, 64], type: "Q4_0", pieces: () => [packOffsetNibbles(encoded(values, 2.5, 7))] },
    { name: "b.weight", shape: [4096, 64], type: "Q8_0", pieces: () => [packBytes(encoded(values, 40, 127))] },
  ]);
  return file;
}

function encoded(values: Float32Array, deviation: number, most: number): Encoded {
  return {
    scales: new Uint16Array(values.length / 32).fill(0x3c00),
    codes: Int8Array.from(values, (value) => Math.max(-most, Math.min(most, Math.round(value * deviation)))),
  };
}

function sizesOf({ streams, file }: RecordedCompression): (number | null)[] {
  return [file, ...streams.map(({ sizes }) => sizes)].flatMap((sizes) => Object.values(sizes));
}

describe("the compression of independent codes", () => {
  it("is their entropy, and zeros come as chance has them", async () => {
    const folder = await temporaryFolder();
    const gguf = await readGguf(await independentFile(folder));
    const { streams, zeroRuns, file, sampledBytes } = await measureCompression(gguf, folder, never);
    const [whole, q4, q8] = streams;
    expect(streams.map(({ tensor, alphabet }) => [tensor, alphabet])).toEqual([["*", 256], ["a.weight", 16], ["b.weight", 256]]);
    // Rounded Gaussian values have the entropy of the density.
    expect(q4!.entropy).toBeCloseTo(gaussianEntropy(2.5), 1);
    expect(q8!.entropy).toBeCloseTo(gaussianEntropy(40), 1);
    // The code before tells nothing but what the table of pairs learnt by chance.
    expect(q4!.conditionalEntropy).toBeGreaterThan(q4!.entropy - 0.002);
    for (const stream of [q4!, q8!]) {
      const bits = (size: number | null): number => (8 * size!) / stream.codes;
      expect(stream.huffman).toBeGreaterThan(stream.entropy);
      expect(stream.huffman).toBeLessThan(stream.entropy + 0.08);
      expect(bits(stream.sizes["zstd-3"])).toBeGreaterThan(stream.entropy);
      expect(bits(stream.sizes["zstd-19"])).toBeGreaterThan(stream.entropy);
      expect(bits(stream.sizes["zstd-19"])).toBeLessThan(stream.entropy + 0.15);
    }
    expect(whole!.sizes.packed).toBe(q4!.sizes.packed + q8!.sizes.packed);
    expect(whole!.entropy).toBeCloseTo((q4!.entropy + q8!.entropy) / 2, 9);
    expect(q4!.sizes.packed).toBe((64 * 4096) / 2);
    expect(zeroRuns!.probability).toBeGreaterThan(1e-3);
    expect(file["zstd-19"]).toBeLessThan(file.bytes);
    expect(sampledBytes).toBeNull();
    expect(q4!.sizes.xz === null).toBe(which("xz") === undefined);
    // Nothing is left behind, and the file is as it was.
    expect(await readdir(folder)).toEqual(["independent.gguf"]);
    expect((await readFile(gguf.path)).length).toBe(gguf.fileBytes);
  });

  it("is scaled up from a part of a large file", async () => {
    const folder = await temporaryFolder();
    const gguf = await readGguf(await independentFile(folder));
    const [all, part] = [await measureCompression(gguf, folder, never), await measureCompression(gguf, folder, never, gguf.fileBytes / 4)];
    expect(part.sampledBytes! / gguf.fileBytes).toBeCloseTo(1 / 4, 2);
    const sizes = sizesOf(all);
    for (const [index, size] of sizesOf(part).entries()) if (size !== null) expect(Math.abs(size / sizes[index]! - 1)).toBeLessThan(0.05);
  });

  it("is that of all codes when they are few, however tensors share them", async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, "uneven.gguf");
    const values = gaussianValues(32 * 1024, 3);
    const tensor = (name: string, weights: Float32Array) => ({ name, shape: [32, weights.length / 32], type: "Q4_0", pieces: () => [packOffsetNibbles(encoded(weights, 2.5, 7))] });
    await writeGguf(file, [], [tensor("large", values), ...Array.from({ length: 40 }, (_, index) => tensor(`small ${index}`, values.subarray(32 * index, 32 * index + 32)))]);
    const gguf = await readGguf(file);
    const measured = await measureCompression(gguf, folder, never, gguf.fileBytes);
    expect(measured.sampledBytes).toBeNull();
    expect(measured.streams).toEqual((await measureCompression(gguf, folder, never)).streams);
  });
});

/** How often each 4-bit code follows each other one in a tensor. */
async function pairsOf(gguf: Gguf, name: string): Promise<number[]> {
  const codes: number[] = [];
  const coded = codedTensors(gguf).find(({ tensor }) => tensor.name === name)!;
  for await (const piece of codePieces(gguf, coded)) for (const code of piece.codes) codes.push(code);
  const counts = new Array<number>(256).fill(0);
  codes.slice(1).forEach((code, index) => counts[(codes[index]! + 8) * 16 + code + 8]!++);
  return counts;
}

it("counts what the other counters count, on the demo model", async () => {
  const folder = await temporaryFolder();
  const gguf = await writeDemo(path.join(folder, "q.gguf"), { kind: "centred", radius: 1 });
  const { streams, zeroRuns } = await measureCompression(gguf, folder, never);
  const counted = await codeCounts(gguf);
  expect(zeroRuns!.measured).toEqual(counted.zeroRuns);
  const codes = totalCodes(counted);
  expect(streams[0]!.zeroShare).toBeCloseTo(codes[8]! / codes.reduce((sum, count) => sum + count, 0), 12);
  const { name, counts: own } = counted.tensors[3]!;
  expect(streams[4]).toMatchObject({ tensor: name, entropy: entropy(own) });
  expect(streams[4]!.conditionalEntropy).toBeCloseTo(conditionalEntropy(await pairsOf(gguf, name), 16), 12);
  // Zeros are nearly random, and not quite.
  expect(zeroRuns!.measured[0]! / zeroRuns!.expected[0]!).toBeCloseTo(1, 1);
  expect(zeroRuns!.probability).toBeLessThan(1e-3);
});
