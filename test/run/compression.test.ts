import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { encodeQ4, encodeQ8 } from "../../harness/analysis/encode.ts";
import { entropy } from "../../harness/analysis/entropy.ts";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { packBytes, packOffsetNibbles } from "../../harness/analysis/pack.ts";
import { codeCounts, totalCodes } from "../../harness/gguf/codes.ts";
import { codePairs } from "../../harness/gguf/pairs.ts";
import { conditionalEntropy } from "../../harness/analysis/entropy.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { measureCompression } from "../../harness/run/compression.ts";
import { which } from "../../harness/process/which.ts";
import { writeDemo } from "../gguf/demo.ts";
import { temporaryFolder } from "../support/temporary.ts";

const never = new AbortController().signal;

async function gaussianFile(folder: string): Promise<string> {
  const file = path.join(folder, "gaussian.gguf");
  const weights = gaussianValues(256 * 4096, 3);
  await writeGguf(file, [], [
    { name: "a.weight", shape: [4096, 256], type: "Q4_0", pieces: () => [packOffsetNibbles(encodeQ4(weights))] },
    { name: "b.weight", shape: [4096, 256], type: "Q8_0", pieces: () => [packBytes(encodeQ8(weights))] },
  ]);
  return file;
}

describe("the compression of independent Gaussian weights", () => {
  it("is the entropy of their codes, and their zeros come as chance has them", async () => {
    const folder = await temporaryFolder();
    const gguf = await readGguf(await gaussianFile(folder));
    const { streams, zeroRuns, file, sampledBytes } = await measureCompression(gguf, folder, never);
    const [whole, q4, q8] = streams;
    expect(streams.map(({ tensor, alphabet }) => [tensor, alphabet])).toEqual([["*", 256], ["a.weight", 16], ["b.weight", 256]]);
    for (const stream of [q4!, q8!]) {
      // Nothing is to be had from the code before: what little there is, is the table of pairs being fitted to chance.
      expect(stream.conditionalEntropy).toBeGreaterThan(stream.entropy - 0.05);
      expect(stream.huffman).toBeGreaterThan(stream.entropy);
      expect(stream.huffman).toBeLessThan(stream.entropy + 0.08);
      for (const size of [stream.sizes["zstd-3"], stream.sizes["zstd-19"]]) expect((8 * size!) / stream.codes).toBeGreaterThan(stream.entropy - 0.01);
      expect((8 * stream.sizes["zstd-19"]!) / stream.codes).toBeLessThan(stream.entropy + 0.15);
    }
    expect(whole!.sizes.packed).toBe(q4!.sizes.packed + q8!.sizes.packed);
    expect(whole!.entropy).toBeCloseTo((q4!.entropy + q8!.entropy) / 2, 9);
    expect(q4!.sizes.packed).toBe(256 * 4096 / 2);
    expect(zeroRuns!.probability).toBeGreaterThan(1e-3);
    expect(file["zstd-19"]).toBeLessThan(file.bytes);
    expect(sampledBytes).toBeNull();
    expect(q4!.sizes.xz === null).toBe(which("xz") === undefined);
  });
});

it("counts what the other counters count, on the demo model", async () => {
  const folder = await temporaryFolder();
  const gguf = await writeDemo(path.join(folder, "q.gguf"), { kind: "centred", radius: 1 });
  const { streams, zeroRuns } = await measureCompression(gguf, folder, never);
  const counted = await codeCounts(gguf);
  expect(zeroRuns!.measured).toEqual(counted.zeroRuns);
  const codes = totalCodes(counted, 16);
  expect(streams[0]!.zeroShare).toBeCloseTo(codes[8]! / codes.reduce((sum, count) => sum + count, 0), 12);
  const { name, codes: own } = counted.tensors[3]!;
  expect(streams[4]).toMatchObject({ tensor: name, entropy: entropy(own) });
  expect(streams[4]!.conditionalEntropy).toBeCloseTo(conditionalEntropy((await codePairs(gguf, [name]))!.counts, 16), 12);
  // Zeros are nearly random, and not quite.
  expect(zeroRuns!.measured[0]! / zeroRuns!.expected[0]!).toBeCloseTo(1, 1);
  expect(zeroRuns!.probability).toBeLessThan(1e-3);
});

it("leaves no file behind", async () => {
  const folder = await temporaryFolder();
  const gguf = await readGguf(await gaussianFile(folder));
  await measureCompression(gguf, folder, never);
  expect(await readdir(folder)).toEqual(["gaussian.gguf"]);
  expect((await readFile(gguf.path)).length).toBe(gguf.fileBytes);
});
