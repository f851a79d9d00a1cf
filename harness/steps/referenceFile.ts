import { open } from "node:fs/promises";
import { ParseError } from "../errors.ts";

/** What precedes the number of chunks: `_logits_`, the context and the size of the vocabulary. */
const chunksAt = 16;

/**
 * How many chunks a file of predictions has.
 *
 * @throws ParseError when it is none
 * Source: `kl_divergence` in upstream's tools/perplexity/perplexity.cpp.
 */
export async function referenceChunks(file: string): Promise<number> {
  const handle = await open(file, "r");
  try {
    const head = Buffer.alloc(chunksAt + 4);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    if (bytesRead < head.length || head.toString("latin1", 0, 8) !== "_logits_") throw new ParseError(`${file} holds no predictions of a model; remove it, and it is made again`);
    return head.readInt32LE(chunksAt);
  } finally {
    await handle.close();
  }
}

/**
 * Bytes of the file that `llama-perplexity --kl-divergence-base` writes (tools/perplexity/perplexity.cpp):
 * a head, the tokens, and for each position in the second half of a chunk two floats and 16 bits a token.
 */
export function referenceBytes({ chunks, context, vocabulary }: { chunks: number; context: number; vocabulary: number }): number {
  const positions = context - 1 - Math.floor(context / 2);
  const row = 2 * Math.floor((vocabulary + 1) / 2) + 4;
  return 20 + 4 * chunks * context + 2 * chunks * positions * row;
}
