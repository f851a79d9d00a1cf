import type { Gguf, GgufTensor } from "./read.ts";

/** Tensors that llama-quantize would quantize: named as weights, and with at least two dimensions above 1. */
export function quantizableTensors(gguf: Gguf): GgufTensor[] {
  return gguf.tensors.filter(({ name, shape }) => name.endsWith("weight") && shape.filter((size) => size > 1).length >= 2);
}
