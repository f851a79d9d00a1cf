import type { Gguf } from "./read.ts";

/** How many tokens a model's vocabulary has; null of a model without one. */
export function vocabularySize({ metadata }: Pick<Gguf, "metadata">): number | null {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  return Array.isArray(tokens) && tokens.length > 0 ? tokens.length : null;
}
