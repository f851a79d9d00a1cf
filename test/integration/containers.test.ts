import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { floatToHalf } from "../../harness/analysis/half.ts";
import { ensureBuild, type Build } from "../../harness/build/build.ts";
import { llamaFields, llamaTensors, type LlamaShape } from "../../harness/gguf/llamaModel.ts";
import { writeGguf, type GgufField, type TensorSource } from "../../harness/gguf/write.ts";
import { parsePerplexity } from "../../harness/parse/perplexity.ts";
import { demoModel } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { loadResults, measured } from "../../harness/report/load.ts";
import { ensureDemoText } from "../../harness/sweep/knownTexts.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { lastingTemporaryFolder, temporaryFolder } from "../support/temporary.ts";

const shape: LlamaShape = { layers: 2, width: 64, feedForward: 128, heads: 4, keyValueHeads: 2, vocabulary: 512 };
const experts = 4;
const { signal } = new AbortController();

let build: Build;
let folder = "";
beforeAll(async () => {
  build = await ensureBuild("patched");
  folder = await lastingTemporaryFolder();
});

const study = `name: containers
pure: true
chunks: 2
cells:
  - { name: f16, type: F16 }
  - { name: "native-{table}", type: Q8_0, table: [basic, balanced] }
  - { name: "packed-{table}", type: Q4_0, container: packed, table: [basic, balanced] }
`;

interface Dimensions {
  name: string;
  shape: number[];
}

/** Weights large enough that every one of them is seen in the predictions. */
function randomTensors(tensors: readonly Dimensions[]): TensorSource[] {
  return tensors.map(({ name, shape: dimensions }, index): TensorSource => {
    const elements = dimensions.reduce((product, size) => product * size, 1);
    const isMatrix = dimensions.length > 1;
    const values = isMatrix ? Uint16Array.from(gaussianValues(elements, index + 1, 0.2), floatToHalf) : new Float32Array(elements).fill(1);
    return { name, shape: dimensions, type: isMatrix ? "F16" : "F32", pieces: () => [new Uint8Array(values.buffer)] };
  });
}

/** A layer's feed-forward matrices as `experts` of each, and the one that chooses among them. */
function withExperts(tensors: readonly Dimensions[]): Dimensions[] {
  return tensors.flatMap(({ name, shape: dimensions }) => {
    const [, layer, part] = /^(blk\.\d+)\.ffn_(up|gate|down)\.weight$/.exec(name) ?? [];
    if (!layer) return [{ name, shape: dimensions }];
    const several = { name: `${layer}.ffn_${part}_exps.weight`, shape: [...dimensions, experts] };
    return part === "gate" ? [{ name: `${layer}.ffn_gate_inp.weight`, shape: [shape.width, experts] }, several] : [several];
  });
}

const expertFields: GgufField[] = [
  { key: "llama.expert_count", type: "u32", value: experts },
  { key: "llama.expert_used_count", type: "u32", value: 2 },
];

const models = [
  { name: "with a tied embedding", fields: [], tensors: llamaTensors(shape).filter(({ name }) => name !== "output.weight") },
  { name: "with experts", fields: expertFields, tensors: withExperts(llamaTensors(shape)) },
];

async function chunkLikelihoods(name: string, model: string | undefined): Promise<(cell: string) => number[]> {
  const file = path.join(folder, "containers.yaml");
  await writeFile(file, study);
  const [out, text] = [path.join(folder, name), path.join(folder, "text.txt")];
  // The program tokenizes all of a text, for which it takes long where nearly every letter is a token.
  await writeFile(text, (await readFile(await ensureDemoText())).subarray(0, 20_000));
  const { failed } = await sweep({ study: file, out, text, threads: 1, jobs: 2, ...(model && { model }), build }, () => undefined, signal);
  expect(failed).toEqual([]);
  const cells = measured(await loadResults(out));
  return (cell) => cells.find((one) => one.cell.name === cell)!.record.perplexity.chunks;
}

function largestDifference(one: readonly number[], other: readonly number[]): number {
  expect(one).toHaveLength(other.length);
  return Math.max(...one.map((value, index) => Math.abs(value / other[index]! - 1)));
}

describe.each(models)("a model $name", ({ name, fields, tensors }) => {
  it("predicts the same, native and packed, and something else than before", async () => {
    const model = path.join(folder, `${name}.gguf`);
    await writeGguf(model, [...llamaFields(name, shape, "F16"), ...fields], randomTensors(tensors));
    const nll = await chunkLikelihoods(name, model);
    for (const table of ["basic", "balanced"]) {
      expect(largestDifference(nll(`packed-${table}`), nll(`native-${table}`))).toBeLessThan(1e-3);
      expect(largestDifference(nll(`packed-${table}`), nll("f16"))).toBeGreaterThan(2e-3);
    }
  });
});

it("the demo model predicts the same, native and packed, within the scale's rounding to fp16", async () => {
  const nll = await chunkLikelihoods("demo", undefined);
  for (const table of ["basic", "balanced"]) {
    expect(largestDifference(nll(`packed-${table}`), nll(`native-${table}`))).toBeLessThan(1e-3);
  }
});

it.each(["CONTAINER native\nTYPES Q8_0", "CONTAINER packed\nTYPES Q4_0"])("a file of %o is decoded the same however it is read", async (container) => {
  const own = await temporaryFolder();
  const conf = path.join(own, "own.conf");
  await writeFile(conf, `1 0 1\n${container}\n`);
  const type = container.includes("packed") ? "Q4_0" : "Q8_0";
  const options = { cwd: own, env: childEnvironment(conf) };
  await run(build.binary("llama-quantize"), ["--pure", demoModel, "own.gguf", type, "1"], options);
  const text = await ensureDemoText();
  const likelihoods = async (mode: string): Promise<number[]> => {
    const argumentList = ["-m", "own.gguf", "-f", text, "--chunks", "2", "-c", "512", "-t", "1", "--load-mode", mode];
    return parsePerplexity(await run(build.binary("llama-perplexity"), argumentList, options)).chunkNll!;
  };
  const usual = await likelihoods("mmap");
  expect(usual).toHaveLength(2);
  for (const mode of ["none", "dio"]) expect(await likelihoods(mode), mode).toEqual(usual);
});
