import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf, GgufTensor } from "../gguf/read.ts";
import { tensorBytes, tensorTypeNamed } from "../gguf/types.ts";
import { fileTypeNamed, smallerBlocks } from "./fileTypes.ts";
import { mixtures } from "./mixtures.ts";
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

/** About how many bytes a quantized file will have: exactly where every tensor gets the type asked for, within some percent of a mixture. */
export function expectedQuantizedBytes(gguf: Gguf, { type, pure, types }: { type: string; pure: boolean; types?: Readonly<Record<string, string>> }): number {
  const coded = new Set(quantizableTensors(gguf).map((tensor) => tensor.name));
  const hasOutput = coded.has("output.weight");
  const data = gguf.tensors.reduce((sum, tensor) => {
    if (!coded.has(tensor.name)) return sum + tensor.bytes;
    const own = types?.[tensor.name];
    const bits = own !== undefined || pure ? bitsOf(own ?? fileTypeNamed(type).tensor, tensor) : mixedBits(type, tensor, hasOutput);
    return sum + Math.min(tensor.bytes, (bits * tensor.elements) / 8);
  }, 0);
  return Math.round(gguf.metadataEnd + data);
}

/** Bits of a weight of a tensor in upstream's mixture. */
function mixedBits(type: string, tensor: GgufTensor, hasOutput: boolean): number {
  const usual = fileTypeNamed(type).tensor;
  const mixture = mixtures[type];
  if (!mixture || (type === "MXFP4_MOE" && tensor.name.includes("_exps."))) return bitsOf(usual, tensor);
  if (tensor.name === "output.weight") return bitsOf(mixture.output, tensor);
  if (tensor.name === "token_embd.weight") return bitsOf(hasOutput ? mixture.embedding : mixture.output, tensor);
  return isInBlocks(usual, tensor) ? mixture.layers : bitsOf(usual, tensor);
}

/** Bits of a weight of a tensor in a type, or in the one that stands in where its rows do not fill the type's blocks. */
function bitsOf(type: string, tensor: GgufTensor): number {
  return 8 * tensorBytes(isInBlocks(type, tensor) ? type : (smallerBlocks(type) ?? type), 1);
}

function isInBlocks(type: string, { shape: [row = 0] }: GgufTensor): boolean {
  return row % tensorTypeNamed(type).blockElements === 0;
}
