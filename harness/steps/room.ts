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

/** Bits of a weight in upstream's mixtures, over the tensors that are quantized. Source: upstream's tools/quantize/README.md, Llama 3.1 8B. */
const mixtureBits: Readonly<Record<string, number>> = {
  Q2_K: 3.16, Q2_K_S: 2.97, Q3_K: 4, Q3_K_S: 3.64, Q3_K_M: 4, Q3_K_L: 4.3, Q4_K: 4.89, Q4_K_S: 4.67, Q4_K_M: 4.89, Q5_K: 5.7, Q5_K_S: 5.57, Q5_K_M: 5.7,
  IQ1_S: 2, IQ1_M: 2.15, IQ2_XXS: 2.38, IQ2_XS: 2.59, IQ2_S: 2.74, IQ2_M: 2.93, IQ3_XXS: 3.25, IQ3_XS: 3.5, IQ3_S: 3.66, IQ3_M: 3.76, IQ4_XS: 4.46, IQ4_NL: 4.68,
};

/** About how many bytes a quantized file will have: exactly where every tensor gets the type asked for, within some percent of a mixture. */
export function expectedQuantizedBytes(gguf: Gguf, { type, pure, types }: { type: string; pure: boolean; types?: Readonly<Record<string, string>> }): number {
  const { tensor: usual } = fileTypeNamed(type);
  const bits = pure ? undefined : mixtureBits[type];
  const coded = new Set(quantizableTensors(gguf).map((tensor) => tensor.name));
  const bytesOf = (name: string, elements: number): number => (bits === undefined || types?.[name] ? tensorBytes(types?.[name] ?? usual, elements) : (bits * elements) / 8);
  const data = gguf.tensors.reduce((sum, { name, bytes, elements }) => sum + (coded.has(name) ? Math.min(bytes, bytesOf(name, elements)) : bytes), 0);
  return Math.round(gguf.metadataEnd + data);
}
