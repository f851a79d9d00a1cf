import { UserError } from "../errors.ts";
import { tensorValues } from "./dequantize.ts";
import type { Gguf } from "./read.ts";
import { tensorBytes } from "./types.ts";

/** How far one tensor moved when it was quantized. */
export interface WeightError {
  name: string;
  type: string;
  elements: number;
  /** Sum of squared differences over sum of squared original weights; 0 for an all-zero tensor kept so. */
  relative: number;
}

/** A multiple of every block length, so that the streams of two types stay in step. */
const pieceElements = 1 << 20;

function pieceBytes(type: string): number {
  return tensorBytes(type, pieceElements);
}

/**
 * Relative squared weight error of each tensor of `quantized` whose quantized type can be decoded here.
 * @throws UserError when a tensor is not the same in `original`
 */
export async function weightErrors(original: Gguf, quantized: Gguf, signal?: AbortSignal): Promise<WeightError[]> {
  const errors: WeightError[] = [];
  for (const tensor of quantized.tensors) {
    signal?.throwIfAborted();
    if (!["Q4_0", "Q4_1", "Q8_0", "IQ4_NL"].includes(tensor.type)) continue;
    const before = original.tensors.find(({ name }) => name === tensor.name);
    if (!before || before.elements !== tensor.elements)
      throw new UserError(`Tensor ${tensor.name} of ${quantized.path} is not the same in ${original.path}: compare a model with its own original.`);
    const originals = tensorValues(original, before, pieceBytes(before.type));
    let difference = 0;
    let power = 0;
    for await (const values of tensorValues(quantized, tensor, pieceBytes(tensor.type))) {
      const reference = (await originals.next()).value as Float32Array;
      for (let index = 0; index < values.length; index++) {
        const weight = reference[index]!;
        difference += (values[index]! - weight) ** 2;
        power += weight * weight;
      }
    }
    await originals.return(undefined);
    errors.push({ name: tensor.name, type: tensor.type, elements: tensor.elements, relative: power > 0 ? difference / power : difference });
  }
  return errors;
}
