import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf } from "../gguf/read.ts";
import { tensorBytes } from "../gguf/types.ts";
import { fileTypeNamed } from "./fileTypes.ts";
import type { Settings } from "./settings.ts";

/** What is known of a sweep's inputs before any step has run. */
export interface KnownSizes {
  /** The model that is quantized. */
  gguf: Gguf;
  /** Bytes of the text that is measured on. */
  textBytes: number;
  /** Bytes that the cell's file has at least. */
  quantizedBytes: number;
}

/** No text has more bytes a token on average, whatever its tokenizer. */
const mostBytesPerToken = 8;

/** How many chunks an evaluation has at least: its text's tokens are not counted yet. */
export function leastChunks({ chunks, context }: Settings, textBytes: number): number {
  return Math.min(chunks ?? Infinity, Math.floor(textBytes / mostBytesPerToken / context));
}

/**
 * Bytes that a quantized file has at least: upstream may give some tensors a larger type than the one asked for.
 *
 * @param types of tensors that get one of their own, by name
 */
export function leastQuantizedBytes(gguf: Gguf, type: string, types: Readonly<Record<string, string>> = {}): number {
  // These mixtures have smaller types as well.
  if (/^IQ[123]/.test(type)) return 0;
  const { tensor: usual } = fileTypeNamed(type);
  const coded = new Set(quantizableTensors(gguf).map((tensor) => tensor.name));
  return gguf.tensors.reduce((sum, tensor) => sum + (coded.has(tensor.name) ? Math.min(tensor.bytes, tensorBytes(types[tensor.name] ?? usual, tensor.elements)) : tensor.bytes), 0);
}
