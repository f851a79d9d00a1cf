import path from "node:path";
import { gaussianTensors } from "../../harness/gguf/gaussianModel.ts";
import { llamaFields, type LlamaShape } from "../../harness/gguf/llamaModel.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { lastingTemporaryFolder } from "./temporary.ts";

const shape: LlamaShape = { layers: 1, width: 64, feedForward: 64, heads: 2, keyValueHeads: 2, vocabulary: 320 };

let model: Promise<string> | undefined;

/** Path of a model of 61 K random weights, for where its contents are all the same: what quantizes and evaluates it is {@link fakeBuild}. */
export async function smallModel(): Promise<string> {
  model ??= write(path.join(await lastingTemporaryFolder(), "small-f16.gguf"));
  return model;
}

async function write(file: string): Promise<string> {
  await writeGguf(file, llamaFields("small", shape, "F16"), gaussianTensors(shape, "F16", 1), new AbortController().signal);
  return file;
}
