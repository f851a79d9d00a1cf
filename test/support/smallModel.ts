import path from "node:path";
import { gaussianTensors } from "../../harness/gguf/gaussianModel.ts";
import { llamaFields, type LlamaShape } from "../../harness/gguf/llamaModel.ts";
import { isQuantizable } from "../../harness/gguf/quantizable.ts";
import { elementsOf, tensorBytes } from "../../harness/gguf/types.ts";
import { type GgufField, type TensorSource, writeGguf } from "../../harness/gguf/write.ts";
import { fileTypeNamed } from "../../harness/steps/fileTypes.ts";
import { lastingTemporaryFolder } from "./temporary.ts";

const shape: LlamaShape = { layers: 1, width: 64, feedForward: 64, heads: 2, keyValueHeads: 2, vocabulary: 320 };

/** Tokens of the small model's vocabulary. */
export const smallVocabulary = shape.vocabulary;

/** What a small model's file has, to be changed. */
export interface SmallFile {
  fields: GgufField[];
  tensors: TensorSource[];
}

let model: Promise<string> | undefined;
let quantized: Promise<string> | undefined;

/** Path of a model of 61 K random weights, for where its contents are all the same: what quantizes and evaluates it is {@link fakeBuild}. */
export async function smallModel(): Promise<string> {
  model ??= writeSmall("small-f16.gguf", smallFile());
  return model;
}

/** The small model's metadata and tensors. */
export function smallFile(): SmallFile {
  return { fields: llamaFields("small", shape, "F16"), tensors: gaussianTensors(shape, "F16", 1) };
}

/** The same as llama-quantize would write it in a type whose blocks hold 32 weights, but for its codes, which are all 0. */
export function smallQuantizedFile(type: string): SmallFile {
  const { number, tensor: to } = fileTypeNamed(type);
  const { fields, tensors } = smallFile();
  return {
    fields: fields.map((field): GgufField => (field.key === "general.file_type" ? { key: field.key, type: "u32", value: number } : field)),
    tensors: tensors.map((tensor) => (isQuantizable(tensor) ? { ...tensor, type: to, pieces: () => [new Uint8Array(tensorBytes(to, elementsOf(tensor.shape)))] } : tensor)),
  };
}

/** Folder with the small model in some types, each called by its type with `.gguf`. */
export async function smallQuantized(): Promise<string> {
  quantized ??= (async () => {
    const folder = await lastingTemporaryFolder();
    for (const type of ["Q4_0", "Q4_1", "IQ4_NL", "Q8_0"]) await writeSmall(`${type}.gguf`, smallQuantizedFile(type), folder);
    return folder;
  })();
  return quantized;
}

/** Writes such a file. @returns its path */
export async function writeSmall(name: string, { fields, tensors }: SmallFile, folder?: string): Promise<string> {
  const file = path.join(folder ?? (await lastingTemporaryFolder()), name);
  await writeGguf(file, fields, tensors, new AbortController().signal);
  return file;
}
