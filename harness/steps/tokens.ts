import { open } from "node:fs/promises";
import { detokenizer } from "../gguf/detokenize.ts";
import type { Gguf } from "../gguf/read.ts";

/** Bytes of a text that are looked at. */
const sampleBytes = 1 << 16;

/**
 * About how many tokens a text has: a sample of it is cut greedily into the longest tokens of the vocabulary, which comes
 * within some percent of what tokenizers do.
 *
 * @param text path of a text of `bytes` bytes
 */
async function estimatedTokens(text: string, bytes: number, { metadata }: Pick<Gguf, "metadata">): Promise<number> {
  const listed = metadata.get("tokenizer.ggml.tokens");
  const { show } = detokenizer(metadata);
  const tokens = new Set(Array.isArray(listed) ? listed.map((_token, id) => show(id)) : []);
  const longest = Math.min(32, [...tokens].reduce((most, { length }) => Math.max(most, length), 1));
  const sample = await beginningOf(text);
  let count = 0;
  for (let position = 0; position < sample.length; count++) {
    let length = Math.min(longest, sample.length - position);
    while (length > 1 && !tokens.has(sample.slice(position, position + length))) length--;
    position += length;
  }
  return Math.round((count * bytes) / Math.max(1, Buffer.byteLength(sample)));
}

async function beginningOf(file: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(sampleBytes), 0, sampleBytes, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** About how many chunks of a text a step evaluates. */
export async function estimatedChunks({ context, chunks }: { context?: number; chunks?: number | null }, text: { path: string; bytes: number }, gguf: Pick<Gguf, "metadata">): Promise<number> {
  if (context === undefined) return 0;
  return Math.min(chunks ?? Infinity, Math.max(1, Math.floor((await estimatedTokens(text.path, text.bytes, gguf)) / context)));
}
