import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { floatToHalf } from "../../harness/analysis/half.ts";
import { llamaFields, type LlamaShape, llamaTensors } from "../../harness/gguf/llamaModel.ts";
import { elementsOf } from "../../harness/gguf/types.ts";
import { type TensorSource, writeGguf } from "../../harness/gguf/write.ts";

const shape: LlamaShape = { layers: 2, width: 64, feedForward: 96, heads: 2, keyValueHeads: 2, vocabulary: 320 };
const experts = 5;

/** Writes a mixture of 5 experts, 2 of them used for each token, of 0.3 M random weights; the last is never chosen. */
export async function writeExpertModel(file: string): Promise<void> {
  const fields = [
    ...llamaFields("experts", shape, "F16"),
    { key: "llama.expert_count", type: "u32", value: experts } as const,
    { key: "llama.expert_used_count", type: "u32", value: 2 } as const,
  ];
  const tensors = llamaTensors(shape).flatMap(({ name, shape: dimensions }, index): TensorSource[] => {
    if (!name.includes(".ffn_") || name.includes("norm")) return [tensor(name, dimensions, index)];
    const [columns, rows] = dimensions as [number, number];
    const stacked = tensor(name.replace(".weight", "_exps.weight"), [columns, rows, experts], index);
    return name.includes("ffn_up") ? [stacked, router(name.replace("ffn_up", "ffn_gate_inp"))] : [stacked];
  });
  await writeGguf(file, fields, tensors, new AbortController().signal);
}

function tensor(name: string, dimensions: number[], seed: number): TensorSource {
  const elements = elementsOf(dimensions);
  const isNorm = dimensions.length === 1;
  return {
    name,
    shape: dimensions,
    type: isNorm ? "F32" : "F16",
    pieces: () => [new Uint8Array((isNorm ? new Float32Array(elements).fill(1) : Uint16Array.from(gaussianValues(elements, seed + 1, 0.1), floatToHalf)).buffer)],
  };
}

/** Two pairs of opposite rows, so that two experts always have more than the last one's 0. */
function router(name: string): TensorSource {
  const { width } = shape;
  const drawn = gaussianValues(width * 2, name.length, 1);
  const values = new Float32Array(width * experts);
  for (let pair = 0; pair < 2; pair++) {
    const row = drawn.subarray(pair * width, (pair + 1) * width);
    values.set(row, 2 * pair * width);
    values.set(row.map((value) => -value), (2 * pair + 1) * width);
  }
  return { name, shape: [width, experts], type: "F32", pieces: () => [new Uint8Array(values.buffer)] };
}
