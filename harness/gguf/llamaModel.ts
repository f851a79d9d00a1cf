import type { GgufField } from "./write.ts";

/** The dimensions of a Llama-architecture model. */
export interface LlamaShape {
  layers: number;
  width: number;
  feedForward: number;
  heads: number;
  keyValueHeads: number;
  vocabulary: number;
}

/** Shapes to measure on, every row a multiple of 256: 97 M, 1.1 B (TinyLlama's) and 6.7 B (Llama-2-7B's) weights. */
export const llamaShapes: Record<"100m" | "1b" | "7b", LlamaShape> = {
  "100m": { layers: 12, width: 768, feedForward: 2048, heads: 12, keyValueHeads: 12, vocabulary: 8192 },
  "1b": { layers: 22, width: 2048, feedForward: 5632, heads: 32, keyValueHeads: 4, vocabulary: 32000 },
  "7b": { layers: 32, width: 4096, feedForward: 11008, heads: 32, keyValueHeads: 32, vocabulary: 32000 },
};

/** Those, and shapes of models that are too large to be made here: Llama-2's 13B and 70B, Llama-3's 8B and 70B. */
export const knownShapes = {
  ...llamaShapes,
  "13b": { layers: 40, width: 5120, feedForward: 13824, heads: 40, keyValueHeads: 40, vocabulary: 32000 },
  "70b": { layers: 80, width: 8192, feedForward: 28672, heads: 64, keyValueHeads: 8, vocabulary: 32000 },
  "llama-3-8b": { layers: 32, width: 4096, feedForward: 14336, heads: 32, keyValueHeads: 8, vocabulary: 128256 },
  "llama-3-70b": { layers: 80, width: 8192, feedForward: 28672, heads: 64, keyValueHeads: 8, vocabulary: 128256 },
} satisfies Record<string, LlamaShape>;

/** Types that a Gaussian model can be written in. */
export type FloatType = "F32" | "F16" | "BF16";

const fileTypes = { F32: 0, F16: 1, BF16: 32 } as const;

/** Byte tokens and as many made-up words as the vocabulary needs: the least that upstream loads as SentencePiece. */
function vocabularyFields(size: number): GgufField[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const special = ["<unk>", "<s>", "</s>"];
  const words = Array.from({ length: size - special.length - bytes.length }, (_, index) => `▁w${index}`);
  return [
    { key: "tokenizer.ggml.model", type: "string", value: "llama" },
    { key: "tokenizer.ggml.tokens", type: "array", of: "string", value: [...special, ...bytes, ...words] },
    { key: "tokenizer.ggml.scores", type: "array", of: "f32", value: [...special, ...bytes].map(() => 0).concat(words.map((_, index) => -1 - index)) },
    { key: "tokenizer.ggml.token_type", type: "array", of: "i32", value: [2, 3, 3, ...bytes.map(() => 6), ...words.map(() => 1)] },
    { key: "tokenizer.ggml.bos_token_id", type: "u32", value: 1 },
    { key: "tokenizer.ggml.eos_token_id", type: "u32", value: 2 },
    { key: "tokenizer.ggml.unknown_token_id", type: "u32", value: 0 },
  ];
}

/** Metadata with which upstream loads a model of this shape. */
export function llamaFields(name: string, shape: LlamaShape, type: FloatType): GgufField[] {
  return [
    { key: "general.architecture", type: "string", value: "llama" },
    { key: "general.name", type: "string", value: name },
    { key: "general.file_type", type: "u32", value: fileTypes[type] },
    { key: "llama.context_length", type: "u32", value: 4096 },
    { key: "llama.embedding_length", type: "u32", value: shape.width },
    { key: "llama.block_count", type: "u32", value: shape.layers },
    { key: "llama.feed_forward_length", type: "u32", value: shape.feedForward },
    { key: "llama.attention.head_count", type: "u32", value: shape.heads },
    { key: "llama.attention.head_count_kv", type: "u32", value: shape.keyValueHeads },
    { key: "llama.attention.layer_norm_rms_epsilon", type: "f32", value: 1e-5 },
    { key: "llama.rope.dimension_count", type: "u32", value: shape.width / shape.heads },
    { key: "llama.vocab_size", type: "u32", value: shape.vocabulary },
    ...vocabularyFields(shape.vocabulary),
  ];
}

/** Names and shapes of a model's tensors in the order of upstream's converter; norms have one dimension. */
export function llamaTensors({ layers, width, feedForward, heads, keyValueHeads, vocabulary }: LlamaShape): { name: string; shape: number[] }[] {
  const keyValueWidth = (width / heads) * keyValueHeads;
  const layer: [string, number[]][] = [
    ["attn_norm", [width]], ["ffn_down", [feedForward, width]], ["ffn_gate", [width, feedForward]], ["ffn_up", [width, feedForward]],
    ["ffn_norm", [width]], ["attn_k", [width, keyValueWidth]], ["attn_output", [width, width]], ["attn_q", [width, width]], ["attn_v", [width, keyValueWidth]],
  ];
  return [
    { name: "token_embd.weight", shape: [width, vocabulary] },
    ...Array.from({ length: layers }, (_, index) => layer.map(([part, shape]) => ({ name: `blk.${index}.${part}.weight`, shape }))).flat(),
    { name: "output_norm.weight", shape: [width] },
    { name: "output.weight", shape: [width, vocabulary] },
  ];
}
