import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Build, ensureBuild } from "../../harness/build/build.ts";
import { gaussianTensors } from "../../harness/gguf/gaussianModel.ts";
import { llamaFields, type LlamaShape } from "../../harness/gguf/llamaModel.ts";
import { quantizableTensors } from "../../harness/gguf/quantizable.ts";
import { type Gguf, readGguf } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { run } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { misfits } from "../../harness/steps/misfits.ts";
import { quantizeArguments } from "../../harness/steps/quantize.ts";
import { checkWritten } from "../../harness/steps/writtenModel.ts";
import { type AskedType, fallbacks } from "../../harness/steps/writtenTypes.ts";
import { fileTypes, floatTypes } from "../../harness/study/types.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

const base: LlamaShape = { layers: 2, width: 256, feedForward: 256, heads: 4, keyValueHeads: 4, vocabulary: 320 };
const shapes: Record<string, LlamaShape> = {
  "rows of 256": base,
  "rows of 64 and 96": { ...base, width: 64, feedForward: 96 },
  "rows of 256 and 160": { ...base, feedForward: 160, keyValueHeads: 1 },
  "rows of 256 and 172": { ...base, feedForward: 172 },
};

let build: Build;
beforeAll(async () => {
  build = await ensureBuild("patched");
});

/** An importance matrix in which every column counts the same. */
async function evenImatrix(gguf: Gguf, file: string): Promise<void> {
  const ones = (length: number) => () => [new Uint8Array(new Float32Array(length).fill(1).buffer)];
  await writeGguf(file, [
    { key: "general.type", type: "string", value: "imatrix" },
    { key: "imatrix.datasets", type: "array", of: "string", value: ["even"] },
    { key: "imatrix.chunk_count", type: "u32", value: 1 },
    { key: "imatrix.chunk_size", type: "u32", value: 1 },
  ], quantizableTensors(gguf).flatMap(({ name, shape: [row = 0] }) => [
    { name: `${name}.in_sum2`, shape: [row, 1], type: "F32", pieces: ones(row) },
    { name: `${name}.counts`, shape: [1, 1], type: "F32", pieces: ones(1) },
  ]));
}

interface Planned {
  name: string;
  shape: number[];
  type: string;
}

/** What llama-quantize would make of each tensor. */
function planned(output: string, { tensors }: Gguf): Planned[] {
  const types = new Map([...output.matchAll(/\] +(\S+) +- \[[^\]]*\], type = +(\S+), size = +[\d.]+ MiB(?: -> +[\d.]+ MiB \((\S+)\))?/g)].map(([, name, before, after]) => [name, (after ?? before)!.toUpperCase()]));
  return tensors.map(({ name, shape }) => ({ name, shape, type: types.get(name)! }));
}

describe.each(Object.entries(shapes))("of a model with %s", (_name, shape) => {
  let folder: string;
  let model: Gguf;
  let imatrix: string;
  beforeAll(async () => {
    folder = await lastingTemporaryFolder();
    const file = path.join(folder, "model.gguf");
    await writeGguf(file, llamaFields("small", shape, "F16"), gaussianTensors(shape, "F16", 1));
    model = await readGguf(file);
    imatrix = path.join(folder, "imatrix.gguf");
    await evenImatrix(model, imatrix);
  });

  async function quantizes(asked: AskedType, dryRun: boolean): Promise<{ output: string; file: string }> {
    const file = path.join(folder, "quantized.gguf");
    const argumentList = quantizeArguments({ ...asked, imatrix: true }, { imatrix, model: model.path, quantized: file }, "2");
    const { stdout, stderr } = await run(build.binary("llama-quantize"), [...(dryRun ? ["--dry-run"] : []), ...argumentList], { env: childEnvironment(null) });
    return { output: stdout + stderr, file };
  }

  it.each([[true], [false]])("what has another type is what llama-quantize says of it, over all types (pure: %s)", async (pure) => {
    for (const type of fileTypes) {
      const asked = { type, pure, kept: misfits(model, { name: "c", type: type }) };
      const { output } = await quantizes(asked, true);
      const tensors = planned(output, model);
      const nothing = asked.kept.length === quantizableTensors(model).length || (type === "MXFP4_MOE" && !pure);
      if (nothing) {
        expect(() => fallbacks(model.tensors, tensors, asked)).toThrow(`nothing was quantized to ${type}`);
        continue;
      }
      const told = fallbacks(model.tensors, tensors, asked).flatMap((reason, index) => (reason === null ? [] : [`${tensors[index]!.name} ${reason.split(":")[0]}`]));
      const said = [...output.matchAll(/warning: (\S+) +- ncols +\d+ not divisible by +\d+ \(required for type +\S+\)[^]*?falling back to +(\S+)/g)].map(([, name, to]) => `${name} ${to!.toUpperCase()}`);
      // Of the output matrix it does not say so.
      const unsaid = told.filter((one) => /^(output|token_embd)\.weight Q8_0$/.test(one) && !said.includes(one));
      expect(told.sort(), `${type}: ${output}`).toEqual([...said, ...asked.kept.map((name) => `${name} F16`), ...unsaid].sort());
      if (shape === base || floatTypes.includes(type)) expect(told).toEqual([]);
    }
  });

  it.each(["Q4_K_M", "IQ4_NL", "Q8_0", "F32"] as const)("a file in %s is the model", async (type) => {
    const asked = { type, pure: false, kept: misfits(model, { name: "c", type: type }), conf: null };
    checkWritten(model, await readGguf((await quantizes(asked, false)).file), asked);
  });
});
