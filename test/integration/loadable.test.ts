import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Build, ensureBuild } from "../../harness/build/build.ts";
import { gaussianTensors } from "../../harness/gguf/gaussianModel.ts";
import { llamaFields, type LlamaShape } from "../../harness/gguf/llamaModel.ts";
import { type Gguf, readGguf } from "../../harness/gguf/read.ts";
import { type GgufField, writeGguf } from "../../harness/gguf/write.ts";
import { demoModel } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { resultsStore } from "../../harness/store/store.ts";
import { ensureDemoText } from "../../harness/sweep/knownTexts.ts";
import { refuseUnmeasurable } from "../../harness/sweep/modelKind.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { smallFile, smallModel, writeSmall } from "../support/smallModel.ts";
import { lastingTemporaryFolder, temporaryFolder } from "../support/temporary.ts";

let folder: string;
let build: Build;
let study: string;
let text: string;
let demo: string;

beforeAll(async () => {
  folder = await lastingTemporaryFolder();
  build = await ensureBuild("patched");
  demo = await readFile(await ensureDemoText(), "utf8");
  [study, text] = [path.join(folder, "s.yaml"), path.join(folder, "text.txt")];
  await writeFile(study, "name: s\ncontext: 32\nbatch: 32\nubatch: 32\nkl_divergence: true\ncells: [{ name: a, type: IQ4_NL }]\n");
  await writeFile(text, "w1 w2 w3 w4 w5 ".repeat(200));
});

async function refused(request: Partial<SweepRequest>, message: RegExp): Promise<void> {
  const out = await temporaryFolder();
  await expect(sweep({ study, text, build, out, threads: 1, ...request }, () => undefined, new AbortController().signal)).rejects.toThrow(message);
  expect((await readdir(resultsStore(out)).catch(() => [])).filter((name) => name === "quantize")).toEqual([]);
}

async function withFields(name: string, changes: readonly GgufField[], without: readonly string[] = []): Promise<string> {
  const { fields, tensors } = smallFile();
  const gone = [...without, ...changes.map(({ key }) => key)];
  return writeSmall(name, { fields: [...fields.filter(({ key }) => !gone.includes(key)), ...changes], tensors }, folder);
}

describe("the release itself says before any work", () => {
  it("that it does not know the architecture", async () => {
    const model = await withFields("unknown.gguf", [{ key: "general.architecture", type: "string", value: "llamb" }]);
    await refused({ model }, /unknown\.gguf cannot be loaded by llama\.cpp b\d+: unknown model architecture: 'llamb'/);
  });

  it("that a setting of the architecture is missing", async () => {
    const model = await withFields("setting.gguf", [], ["llama.block_count"]);
    await refused({ model }, /key not found in model: llama\.block_count/);
  });

  it("that it does not know the tokenizer", async () => {
    const model = await withFields("tokenizer.gguf", [{ key: "tokenizer.ggml.model", type: "string", value: "sandpiece" }]);
    await refused({ model }, /cannot be loaded.*sandpiece/);
  });

  it("that the text has too few tokens, though bytes enough", async () => {
    const short = path.join(folder, "short.txt");
    await writeFile(short, demo.slice(0, 90));
    await refused({ model: demoModel, text: short }, /short\.txt has only \d+ tokens: too short, perplexity needs at least 64 with a context of 32/);
  });

  it("that the training text has too few tokens", async () => {
    const short = path.join(folder, "training.txt");
    await writeFile(short, demo.slice(0, 90));
    const weighted = path.join(folder, "imatrix.yaml");
    await writeFile(weighted, `name: s\ncontext: 32\nbatch: 32\nubatch: 32\nimatrix: { text: ${short} }\ncells: [{ name: a, type: IQ4_NL, imatrix: true }]\n`);
    await refused({ model: demoModel, study: weighted }, /training\.txt has only \d+ tokens/);
  });

  it("nothing of a model that it can load", async () => {
    const out = await temporaryFolder();
    const { failed, computed } = await sweep({ study, text, build, out, threads: 1, model: await smallModel() }, () => undefined, new AbortController().signal);
    expect(failed).toEqual([]);
    expect(computed).toEqual(["a"]);
  });
});

it("llama-quantize writes a file that cannot be read of a model with another alignment, which is refused therefore", async () => {
  // 656 blocks of Q4_0 are no multiple of 64 bytes.
  const shape: LlamaShape = { layers: 1, width: 64, feedForward: 64, heads: 2, keyValueHeads: 2, vocabulary: 328 };
  const model = await alignedModel(shape);
  expect(() => refuseUnmeasurable({ path: model.path, gguf: model })).toThrow(/general\.alignment 64/);
  const quantized = path.join(folder, "quantized.gguf");
  await run(build.binary("llama-quantize"), [model.path, quantized, "IQ4_NL", "1"], { env: childEnvironment(null) });
  await expect(readGguf(quantized)).rejects.toThrow(/quantized\.gguf is (damaged|truncated)/);
});

/** A model with its tensors at multiples of 64: the header is filled up until they are. */
async function alignedModel(shape: LlamaShape): Promise<Gguf> {
  for (const filler of ["", "x".repeat(32)]) {
    const file = path.join(folder, `aligned-${filler.length}.gguf`);
    const own: GgufField[] = [{ key: "general.alignment", type: "u32", value: 64 }, { key: "general.filler", type: "string", value: filler }];
    await writeGguf(file, [...llamaFields("aligned", shape, "F16"), ...own], gaussianTensors(shape, "F16", 1));
    const gguf = await readGguf(file).catch(() => null);
    if (gguf !== null) return gguf;
  }
  throw new Error("no header has that length");
}
