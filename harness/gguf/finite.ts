import { tensorPieces, type Gguf, type GgufTensor } from "./read.ts";

/** A weight that is no number. */
export interface NonFinite {
  tensor: string;
  /** Its place in the tensor, from 0, row after row. */
  index: number;
  value: "NaN" | "Inf";
}

/** How the floating-point types are read: as words of so many bits, whose exponent is all ones where a weight is no number. */
const floats = {
  F32: { words: Uint32Array, exponent: 0x7f800000, fraction: 0x007fffff },
  F16: { words: Uint16Array, exponent: 0x7c00, fraction: 0x03ff },
  BF16: { words: Uint16Array, exponent: 0x7f80, fraction: 0x007f },
} as const;

/**
 * The first weight of a floating-point tensor that is NaN or infinite: nothing can be fitted to it, nor quantized.
 *
 * @returns null when there is none
 */
export async function firstNonFinite(gguf: Gguf, signal?: AbortSignal): Promise<NonFinite | null> {
  for (const tensor of gguf.tensors) {
    if (!(tensor.type in floats)) continue;
    const found = await inTensor(gguf, tensor, floats[tensor.type as keyof typeof floats], signal);
    if (found) return found;
  }
  return null;
}

async function inTensor(gguf: Gguf, tensor: GgufTensor, { words, exponent, fraction }: (typeof floats)[keyof typeof floats], signal?: AbortSignal): Promise<NonFinite | null> {
  let before = 0;
  for await (const piece of tensorPieces(gguf, tensor)) {
    signal?.throwIfAborted();
    const bits = new words(piece.buffer as ArrayBuffer, piece.byteOffset, piece.byteLength / words.BYTES_PER_ELEMENT);
    for (let index = 0; index < bits.length; index++) {
      if ((bits[index]! & exponent) !== exponent) continue;
      return { tensor: tensor.name, index: before + index, value: (bits[index]! & fraction) === 0 ? "Inf" : "NaN" };
    }
    before += bits.length;
  }
  return null;
}
