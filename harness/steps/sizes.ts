import type { GgufTensor } from "../gguf/read.ts";
import { isQuantized } from "../gguf/types.ts";
import { floatTypes } from "../study/types.ts";

type Sized = Pick<GgufTensor, "type" | "bytes" | "elements">;

/** Bits per weight of a quantized file. */
export interface Sizes {
  /** Of the whole file: 8 × its bytes ÷ all elements of its tensors. */
  file: number;
  /** Of the quantized tensors alone; null when there are none. */
  quantized: number | null;
}

/**
 * @param bytes size of the file
 * @param tensors all of its tensors
 * @param type the cell's type: of a floating-point one, its own tensors count as quantized
 */
export function bitsPerWeight(bytes: number, tensors: readonly Sized[], type: string): Sizes {
  const quantized = tensors.filter((tensor) => (floatTypes.includes(type) ? tensor.type === type : isQuantized(tensor.type)));
  const sum = (list: readonly Sized[], field: "bytes" | "elements"): number => list.reduce((total, tensor) => total + tensor[field], 0);
  return {
    file: (8 * bytes) / sum(tensors, "elements"),
    quantized: quantized.length === 0 ? null : (8 * sum(quantized, "bytes")) / sum(quantized, "elements"),
  };
}
