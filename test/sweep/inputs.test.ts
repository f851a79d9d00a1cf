import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { resultsStore } from "../../harness/store/store.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import { goodPerplexity } from "../support/fakeBuild.ts";
import { smallModel } from "../support/smallModel.ts";
import { makeLab, type SweepLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

// What fake programs made is nobody else's.
beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

describe("inputs are checked before anything runs", () => {
  const cases: [string, (lab: SweepLab) => Promise<Partial<SweepRequest>>, RegExp][] = [
    ["no model", async () => ({ model: "/nowhere/m.gguf" }), /nowhere\/m\.gguf.*no such file/],
    ["not a GGUF", async ({ folder }) => ({ model: await put(folder, "m.gguf", "not a model at all, just text") }), /m\.gguf.*GGUF/],
    ["a truncated GGUF", async ({ folder }) => ({ model: await put(folder, "m.gguf", (await readFile(demoModel)).subarray(0, 1_500_000)) }), /m\.gguf.*truncated/],
    ["a model that is a folder", async ({ folder }) => ({ model: folder }), /is no regular file/],
    ["a results folder with no room for longer paths in it", async ({ folder }) => ({ out: longPath(folder, 3960) }), /results folder .* cannot be written \(ENAMETOOLONG/],
    ["a results folder whose name is too long", async ({ folder }) => ({ out: path.join(folder, "x".repeat(256)) }), /results folder .* cannot be written \(ENAMETOOLONG/],
    ["no text", async () => ({ text: "/nowhere/t.txt" }), /nowhere\/t\.txt.*no such file/],
    ["an empty text", async ({ folder }) => ({ text: await put(folder, "t.txt", "") }), /t\.txt is empty/],
    ["a text that is not UTF-8", async ({ folder }) => ({ text: await put(folder, "t.txt", Buffer.from([65, 66, 0xff, 67])) }), /t\.txt is not UTF-8/],
    ["a text in UTF-16 without a mark", async ({ folder }) => ({ text: await put(folder, "t.txt", Buffer.from("long enough for two contexts", "utf16le")) }), /t\.txt has a zero byte at 1: it may be UTF-16/],
    ["a text with a byte-order mark", async ({ folder }) => ({ text: await put(folder, "t.txt", "\ufefflong enough for two contexts") }), /t\.txt begins with a byte-order mark/],
    ["a weight that is NaN", async ({ folder }) => ({ model: await put(folder, "m.gguf", await withWeight(0x7e00)) }), /m\.gguf: weight 12345 of tensor token_embd\.weight is NaN/],
    ["a weight that is infinite", async ({ folder }) => ({ model: await put(folder, "m.gguf", await withWeight(0xfc00)) }), /weight 12345 of tensor token_embd\.weight is Inf/],
    ["a text that ends within a character", async ({ folder }) => ({ text: await put(folder, "t.txt", Buffer.from([65, 66, 0xc3])) }), /t\.txt is not UTF-8/],
    ["a text shorter than one context", async ({ folder }) => ({ text: await put(folder, "t.txt", "short") }), /t\.txt has 5 bytes: too short.*16 tokens with a context of 8/],
    ["no study", async () => ({ study: "nowhere.yaml" }), /nowhere\.yaml: there is no such file/],
    ["a pattern without cells", async () => ({ only: "q9*" }), /--only q9\* matches no cell; the study has: f16, a, b/],
    ["a results folder that is a file", async ({ folder }) => ({ out: await put(folder, "file", "x") }), /file cannot be written/],
    ["a results folder with other things in it", async ({ folder }) => ({ out: path.dirname(await put(folder, "full/thing.txt", "x")) }), /full is not empty and holds no results \(it has thing\.txt\)/],
  ];
  it.each(cases)("%s", async (_what, request, message) => {
    const lab = await makeLab();
    await expect(lab.run(await request(lab))).rejects.toThrow(message);
    expect(await lab.calls()).toEqual([]);
  });

  it("the results of another model", async () => {
    const lab = await makeLab();
    await lab.run({ only: "f16" });
    const model = path.join(lab.folder, "other.gguf");
    await cp(await smallModel(), model);
    const bytes = await readFile(model);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(model, bytes);
    await expect(lab.run({ model })).rejects.toThrow(/holds results of model .*small-f16\.gguf/);
  });
});

/** The demo model with one half-precision weight replaced. */
async function withWeight(bits: number): Promise<Buffer> {
  const [gguf, bytes] = [await readGguf(demoModel), await readFile(demoModel)];
  const { offset } = gguf.tensors.find(({ name }) => name === "token_embd.weight")!;
  bytes.writeUInt16LE(bits, gguf.dataOffset + offset + 2 * 12345);
  return bytes;
}

/** A path of folders below one, of so many characters. */
function longPath(folder: string, length: number): string {
  const more = length - folder.length;
  return path.join(folder, ...Array.from({ length: Math.ceil(more / 200) }, (_, index) => "x".repeat(Math.min(199, more - 200 * index - 1) || 1)));
}

async function put(folder: string, name: string, content: string | Buffer): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

describe("inputs that change while a sweep runs", () => {
  it.each([
    ["a model that is replaced", "model.gguf", `mv "$0.other" "$model"`],
    ["a model that is replaced and put back", "model.gguf", `mv "$model" "$0.own"; mv "$0.other" "$model"; mv "$0.own" "$model"`],
    ["a model that is written to", "model.gguf", `printf x >> "$model"`],
  ])("%s: nothing that was computed from it is kept", async (_what, name, change) => {
    const lab = await makeLab();
    const model = path.join(lab.folder, name);
    await cp(demoModel, model);
    await cp(demoModel, path.join(lab.folder, "bin", "llama-quantize.other"));
    const { failed, computed } = await lab.run({ model, only: "a" }, { quantize: `cp "$made" "$quantized"\n${change}` });
    expect(computed).toEqual([]);
    expect(failed[0]?.reason).toMatch(/the model .*model\.gguf was changed or replaced while the sweep ran/);
    expect(await readdir(path.join(resultsStore(lab.out), "evaluate")).catch(() => [])).toEqual([]);
  });

  it.each([
    ["a text that is written to", (text: string) => `echo more >> ${text}`],
    ["a text that is removed", (text: string) => `rm ${text}`],
    ["a text that is written to before the program fails", (text: string) => `echo more >> ${text}; exit 1`],
  ])("%s", async (_what, change) => {
    const lab = await makeLab();
    const { failed } = await lab.run({ only: "f16" }, { perplexity: `${goodPerplexity}\n${change(path.join(lab.folder, "text.txt"))}` });
    expect(failed[0]?.reason).toMatch(/the text .*text\.txt was changed/);
    const kept = await readdir(path.join(resultsStore(lab.out), "evaluate", "growing"));
    expect(kept).toEqual([]);
  });
});
