import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild, type Build } from "../../harness/build/build.ts";
import { gaussianTensors } from "../../harness/gguf/gaussianModel.ts";
import { llamaFields, type LlamaShape } from "../../harness/gguf/llamaModel.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { demoModel } from "../../harness/paths.ts";
import { run, type ProcessResult } from "../../harness/process/run.ts";
import { rpcServer, withRpcServer } from "../../harness/regress/rpcServer.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { ensureDemoText } from "../../harness/sweep/knownTexts.ts";
import { writeExpertModel } from "../support/expertModel.ts";
import { splitModel } from "../support/splitModel.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { writeUpstreamModel } from "../support/upstreamModel.ts";

// A server of another processor is to the loader what a GPU is, but computes what this one does without repacking.

const shape: LlamaShape = { layers: 2, width: 64, feedForward: 128, heads: 4, keyValueHeads: 2, vocabulary: 320 };
const everyCode = Array.from({ length: 16 }, () => 16).join(" ");
const valuesBy = (step: number): string => `${everyCode} ${Array.from({ length: 16 }, (_, code) => (code - 8) * step).join(" ")}`;

let build: Build;
let folder = "";
/** Short, for a made-up vocabulary takes long over a text. */
let text = "";
const models: Record<string, string> = { demo: demoModel };
beforeAll(async () => {
  build = await ensureBuild("patched", { backend: "rpc", targets: ["llama-quantize", "llama-perplexity", rpcServer] });
  folder = await lastingTemporaryFolder();
  text = path.join(folder, "text.txt");
  await writeFile(text, (await readFile(await ensureDemoText(), "utf8")).slice(0, 4000));
  for (const name of ["experts", "tied"]) models[name] = path.join(folder, `${name}.gguf`);
  await writeExpertModel(models["experts"]!);
  await writeGguf(models["tied"]!, llamaFields("tied", shape, "F16"), gaussianTensors(shape, "F16", 1).filter(({ name }) => name !== "output.weight"));
});

async function quantize(model: string, name: string, type: string, conf: string): Promise<string> {
  const [file, to] = [path.join(folder, `${name}.conf`), path.join(folder, `${name}.gguf`)];
  await writeFile(file, conf);
  await run(build.binary("llama-quantize"), ["--pure", models[model]!, to, type, "1"], { cwd: folder, env: childEnvironment(file) });
  return to;
}

let evaluations = 0;

/** What llama-perplexity says of four chunks in two batches, with the frames' bytes. */
async function evaluate(model: string, where: readonly string[]): Promise<ProcessResult & { frames: Buffer }> {
  const frames = path.join(folder, `${++evaluations}.frames`);
  const size = ["-c", "64", "-b", "128", "-ub", "128", "--chunks", "4", "-t", "1", "-fa", "off"];
  const ran = await run(build.binary("llama-perplexity"), ["-m", model, "-f", text, ...size, "--frames", frames, "-v", ...where], { cwd: folder, env: childEnvironment(null) });
  return { ...ran, frames: await readFile(frames) };
}

async function evaluateThere(model: string): Promise<Buffer> {
  const at = (address: string): string[] => ["--rpc", address, "--device", "RPC0", "-ngl", "99", "-fit", "off", "-sm", "none"];
  const { stdout, stderr, frames } = await withRpcServer(build, new AbortController().signal, (address) => evaluate(model, at(address)));
  expect(stdout + stderr).toMatch(/offloaded (\d+)\/\1 layers/);
  expect(frames.length).toBeGreaterThan(2000);
  return frames;
}

const onProcessor = ["--device", "none", "--no-repack"];

const kinds = [
  { name: "packed", model: "demo", type: "Q4_0", conf: "1 0 1\nCONTAINER packed\n" },
  { name: "packed, with -128", model: "demo", type: "Q4_0", conf: `1 0 2\nCONTAINER packed\nTABLE ${valuesBy(16)}\n` },
  { name: "packed, of experts", model: "experts", type: "Q4_0", conf: "1 0 1\nCONTAINER packed\n" },
  { name: "packed, with a tied embedding", model: "tied", type: "Q4_0", conf: "1 0 1\nCONTAINER packed\n" },
  { name: "packed, of several tables", model: "demo", type: "Q4_0", conf: `1 0 2\nCONTAINER packed\nTABLE ${valuesBy(16)}\nTENSOR_TABLE blk.1.* ${valuesBy(14)}\nTENSOR_TABLE token_embd.* ${valuesBy(15)}\n` },
  { name: "native", model: "demo", type: "Q8_0", conf: "1 0 1\n" },
  { name: "native, with a tied embedding and -128", model: "tied", type: "Q8_0", conf: `1 0 2\nTABLE ${valuesBy(16)}\n` },
  { name: "centred", model: "demo", type: "Q4_0", conf: "1 1 0\n" },
];

const published = [
  { name: "centred", type: "Q4_0", conf: "1 1 0\nDECODE published\n" },
  { name: "native", type: "Q8_0", conf: "1 0 1\nDECODE published\n" },
  { name: "simple", type: "Q4_0", conf: "0 0 0\nDECODE published\n" },
];

describe("on another device an own file predicts, bit for bit,", () => {
  it.each(kinds)("what it does on the processor, and upstream's types of the same weights: $name", async ({ name, model, type, conf }) => {
    const [own, upstream] = [await quantize(model, name, type, conf), path.join(folder, `${name} upstream.gguf`)];
    await writeUpstreamModel(own, upstream);
    const there = await evaluateThere(own);
    for (const one of [own, upstream]) expect((await evaluate(one, onProcessor)).frames.equals(there), one).toBe(true);
  });

  it("the same when it is split", async () => {
    const own = await quantize("demo", "whole", "Q4_0", "1 0 1\nCONTAINER packed\n");
    const [first] = await splitModel(own, folder, "split", 3);
    expect((await evaluateThere(first!)).equals(await evaluateThere(own))).toBe(true);
  });

  it.each(published)("as published, what upstream's types do of the weights that the thesis's fork saw: $name", async ({ name, type, conf }) => {
    const [own, upstream] = [await quantize("demo", `${name} published`, type, conf), path.join(folder, `${name} published upstream.gguf`)];
    await writeUpstreamModel(own, upstream);
    expect((await evaluate(upstream, onProcessor)).frames.equals(await evaluateThere(own))).toBe(true);
  });
});

it("where nothing can read rows as published, loading stops with the tensor's name and a way out", async () => {
  const own = await quantize("demo", "published", "Q8_0", "1 0 1\nDECODE published\n");
  const says = /own-coded tensor token_embd\.weight .*DECODE published.*a CPU buffer cannot.*neither --no-repack nor --override-tensor/;
  await expect(evaluate(own, onProcessor)).rejects.toThrow(says);
  await expect(evaluate(own, ["--device", "none", "--no-repack", "--override-tensor", "token_embd=CPU"])).rejects.toThrow(says);
  await evaluate(own, ["--device", "none", "--override-tensor", "token_embd=CPU"]);
});
