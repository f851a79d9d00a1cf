import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf } from "../gguf/read.ts";
import { tensorBytes } from "../gguf/types.ts";
import { tensorTypeOf } from "./misfits.ts";
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

/** Bytes that a quantized file has at least: upstream may give some tensors a larger type than the one asked for. */
export function leastQuantizedBytes(gguf: Gguf, type: string): number {
  const name = tensorTypeOf(type);
  if (name === undefined) return 0;
  const coded = new Set(quantizableTensors(gguf).map((tensor) => tensor.name));
  return gguf.tensors.reduce((sum, tensor) => sum + (coded.has(tensor.name) ? Math.min(tensor.bytes, tensorBytes(name, tensor.elements)) : tensor.bytes), 0);
}
