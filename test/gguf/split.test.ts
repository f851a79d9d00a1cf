import { readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { sampleBlocks } from "../../harness/fit/sample.ts";
import { firstNonFinite } from "../../harness/gguf/finite.ts";
import { readGguf, readTensor } from "../../harness/gguf/read.ts";
import { modelName } from "../../harness/gguf/split.ts";
import { hashFile } from "../../harness/hash.ts";
import { demoModel } from "../../harness/paths.ts";
import { contentHash, identity } from "../../harness/store/contentHash.ts";
import { checkModel } from "../../harness/sweep/inputs.ts";
import { splitModel } from "../support/splitModel.ts";
import { smallFile, smallModel, smallQuantizedFile, writeSmall } from "../support/smallModel.ts";
import { temporaryFolder } from "../support/temporary.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  vi.stubEnv("QUANTFLEX_CACHE", path.join(folder, "cache"));
});

describe("a split model is the whole that its parts were made from", () => {
  it.each([2, 3, 7])("in %i parts: header, tensors, content and name", async (count) => {
    const [first] = await splitModel(demoModel, folder, "sotu", count);
    const [whole, split] = [await readGguf(demoModel), await readGguf(first!)];
    expect([split.parts, split.fileBytes, split.dataOffset, split.metadataEnd]).toEqual([count, whole.fileBytes, whole.dataOffset, whole.metadataEnd]);
    expect(split.tensors).toEqual(whole.tensors);
    expect(split.metadata).toEqual(whole.metadata);
    for (const [index, tensor] of whole.tensors.entries()) expect(Buffer.compare(await readTensor(split, split.tensors[index]!), await readTensor(whole, tensor))).toBe(0);
    expect(await contentHash(first!)).toBe(await hashFile(demoModel));
    expect(modelName(first!)).toBe("sotu");
    expect(await sampleBlocks(split, split.tensors.slice(0, 9), 50)).toEqual(await sampleBlocks(whole, whole.tensors.slice(0, 9), 50));
    expect(await firstNonFinite(split)).toBeNull();
  });

  it("also when its first part has no tensors", async () => {
    const parts = await splitModel(demoModel, folder, "sotu", 3, true);
    expect((await readFile(parts[0]!)).readUInt32LE(8)).toBe(0);
    expect((await checkModel(parts[0]!)).sha256).toBe(await hashFile(demoModel));
  });

  it("that any part was written to is noticed", async () => {
    const parts = await splitModel(demoModel, folder, "sotu", 3);
    const [before, hash] = [await identity(parts[0]!), await contentHash(parts[0]!)];
    const bytes = await readFile(parts[2]!);
    bytes[bytes.length - 100]! ^= 1;
    await writeFile(parts[2]!, bytes);
    expect(await identity(parts[0]!)).not.toBe(before);
    expect(await contentHash(parts[0]!)).not.toBe(hash);
  });
});

describe("what is no whole split model is refused by name", () => {
  const model = async (): Promise<[string, string, string]> => (await splitModel(await smallModel(), folder, "m", 3)) as [string, string, string];

  it("a missing part", async () => {
    const [first, second] = await model();
    await rm(second);
    await expect(checkModel(first)).rejects.toThrow(/m-00002-of-00003\.gguf, part 2 of 3 of the model of .*, is missing; put all parts into one folder/);
  });
  it("a truncated part", async () => {
    const [first, , third] = await model();
    await truncate(third, 4000);
    await expect(checkModel(first)).rejects.toThrow(/m-00003-of-00003\.gguf (is|has|.*truncated)/);
  });
  it("another part than the first", async () => {
    const [, second] = await model();
    await expect(checkModel(second)).rejects.toThrow(/is part 2 of 3 of a model; give the first part, .*m-00001-of-00003\.gguf/);
  });
  it("a first part by another name", async () => {
    const [first] = await model();
    await rename(first, path.join(folder, "m.gguf"));
    await expect(checkModel(path.join(folder, "m.gguf"))).rejects.toThrow(/is the first of 3 parts of a model, and must be called …-00001-of-00003\.gguf/);
  });
  it("parts in each other's place", async () => {
    const [first, second, third] = await model();
    await rename(second, path.join(folder, "x"));
    await rename(third, second);
    await rename(path.join(folder, "x"), third);
    await expect(checkModel(first)).rejects.toThrow(/m-00002-of-00003\.gguf says that it is part 3 of 3, where part 2 of 3 is due/);
  });
  it("parts of two models of other tensors", async () => {
    const [first, second] = await model();
    const { fields, tensors } = smallFile();
    const other = await writeSmall("other.gguf", { fields, tensors: [...tensors, { ...tensors[0]!, name: "more.weight" }] }, folder);
    const parts = await splitModel(other, folder, "o", 3);
    await rename(parts[1]!, second);
    await expect(checkModel(first)).rejects.toThrow(/m-00002-of-00003\.gguf is part of a model of \d+ tensors, the first part of one of \d+: give parts of one model/);
  });
  it("parts of two models of as many tensors", async () => {
    const [first, , third] = await model();
    const { fields, tensors } = smallFile();
    const other = await writeSmall("other.gguf", { fields, tensors: [...tensors].reverse() }, folder);
    const parts = await splitModel(other, folder, "o", 3);
    await rename(parts[2]!, third);
    await expect(checkModel(first)).rejects.toThrow(/m-00003-of-00003\.gguf is no part of the model of .*m-00001-of-00003\.gguf: tensor .* is in .* already; give parts of one model/);
  });
  it("a part that is no GGUF", async () => {
    const [first, second] = await model();
    await writeFile(second, "<html>");
    await expect(checkModel(first)).rejects.toThrow(/m-00002-of-00003\.gguf is not a GGUF file/);
  });
  it("a quantized one, where a model is wanted", async () => {
    const file = await writeSmall("q.gguf", smallQuantizedFile("Q4_0"), folder);
    const [first] = await splitModel(file, folder, "q", 2);
    await expect(checkModel(first!)).rejects.toThrow(/is already quantized/);
  });
});
