import { open } from "node:fs/promises";
import { ParseError } from "../errors.ts";

/** `_logits_`, the context, the size of the vocabulary, and the number of chunks. */
const headBytes = 20;

/** What a file of predictions is about. */
export interface ReferenceHead {
  chunks: number;
  /** Tokens of a chunk. */
  context: number;
  /** Tokens of the vocabulary. */
  vocabulary: number;
}

/**
 * What a file of predictions says of itself, as far as its size agrees.
 *
 * @throws ParseError when it is none, or was cut
 * Source: `kl_divergence` in upstream's tools/perplexity/perplexity.cpp.
 */
export async function referenceHead(file: string): Promise<ReferenceHead> {
  const handle = await open(file, "r");
  try {
    const head = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const fault = (what: string): ParseError => new ParseError(`${file} ${what}; remove it, and it is made again`);
    if (bytesRead < head.length || head.toString("latin1", 0, 8) !== "_logits_") throw fault("holds no predictions of a model");
    const [context, vocabulary, chunks] = [8, 12, 16].map((at) => head.readInt32LE(at)) as [number, number, number];
    if (context < 2 || vocabulary < 1 || chunks < 1) throw fault(`says that it has ${chunks} chunks of ${context} tokens of a vocabulary of ${vocabulary}`);
    const [{ size }, expected] = [await handle.stat(), referenceBytes({ chunks, context, vocabulary })];
    if (size !== expected) throw fault(`has ${size} bytes, where ${chunks} chunks of ${context} tokens of a vocabulary of ${vocabulary} take ${expected}`);
    return { chunks, context, vocabulary };
  } finally {
    await handle.close();
  }
}

/**
 * Bytes of the file that `llama-perplexity --kl-divergence-base` writes (tools/perplexity/perplexity.cpp):
 * a head, the tokens, and for each position in the second half of a chunk two floats and 16 bits a token.
 */
export function referenceBytes({ chunks, context, vocabulary }: ReferenceHead): number {
  const positions = context - 1 - Math.floor(context / 2);
  const row = 2 * Math.floor((vocabulary + 1) / 2) + 4;
  return headBytes + 4 * chunks * context + 2 * chunks * positions * row;
}
