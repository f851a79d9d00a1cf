import { crc32 } from "node:zlib";
import type { Frame } from "../../harness/analysis/frame.ts";
import { gaussianValues, seededRandom } from "../../harness/analysis/gaussian.ts";

const column = (values: Int32Array | Float32Array | Float64Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** The bytes that llama-perplexity --frames writes for a chunk. */
export function encodeFrame({ chunk, contextTokens, batchChunks, availableChunks, vocabularySize, expected, top, nll, reference }: Frame): Buffer {
  const words = Uint32Array.of(reference ? 1 : 0, chunk, expected.length, contextTokens, batchChunks, availableChunks, vocabularySize);
  const columns = [expected, top, nll, ...(reference ? [reference.top, reference.nll, reference.modelNll, reference.kld, reference.probabilityChange] : [])];
  const body = Buffer.concat([Buffer.from("QFT1"), Buffer.from(words.buffer), ...columns.map(column)]);
  return Buffer.concat([body, Buffer.from(Uint32Array.of(crc32(body)).buffer)]);
}

/** Invented frames that are like real ones: heavy tails, and chunks that differ. */
export function inventFrames({ chunks = 8, first = 0, contextTokens = 512, seed = 1, compared = true } = {}): Frame[] {
  const random = seededRandom(seed);
  const tokens = contextTokens - 1 - Math.floor(contextTokens / 2);
  const id = (): number => Math.floor(random() * 1024);
  const ofChunks = gaussianValues(chunks, seed + 1, 0.5);
  return Array.from(ofChunks, (ofChunk, index): Frame => {
    const noise = gaussianValues(3 * tokens, seed + 1000 * (index + 1));
    const expected = Int32Array.from({ length: tokens }, id);
    const top = Int32Array.from({ length: tokens }, id);
    const referenceNll = Float32Array.from({ length: tokens }, (_, token) => Math.exp(noise[token]!) * 2);
    const nll = Float64Array.from(referenceNll, (value, token) => Math.max(1e-4, value + 0.3 * noise[tokens + token]!));
    return {
      chunk: first + index,
      contextTokens,
      batchChunks: Math.min(4, chunks - 4 * Math.floor(index / 4)),
      availableChunks: first + chunks + 5,
      vocabularySize: 1024,
      expected,
      top,
      nll,
      reference: compared
        ? {
            top: top.map((best) => (random() < 0.8 ? best : id())),
            nll: referenceNll,
            modelNll: Float32Array.from(nll),
            kld: Float64Array.from({ length: tokens }, (_, token) => Math.exp(ofChunk - 4 + 1.5 * noise[2 * tokens + token]!)),
            probabilityChange: Float32Array.from(nll, (value, token) => Math.exp(-value) - Math.exp(-referenceNll[token]!)),
          }
        : null,
    };
  });
}
