import { countZeroRuns } from "../analysis/zeroRuns.ts";
import type { Gguf } from "./read.ts";
import { codedTensors, codePieces } from "./stream.ts";

/** How often each code occurs in one tensor. */
export interface TensorCodes {
  name: string;
  type: string;
  /** Row length first. */
  shape: number[];
  /** 16, index code + 8, or 256, index code + 128 (upstream's Q8_0). */
  counts: number[];
}

/** Code counts per tensor and the zero runs of the whole model, as the thesis counts them. */
export interface Histogram {
  /** In file order. */
  tensors: TensorCodes[];
  /** 16 counts of runs of zeros: lengths 1 to 15, then 16 and more. */
  zeroRuns: number[];
}

/** Adds the counts of one piece, which fit 32 bits and are faster counted so, to those of the tensor. */
function addCounts(counts: Float64Array, codes: Int8Array, offset: number): void {
  const piece = new Uint32Array(counts.length);
  for (let index = 0; index < codes.length; index++) piece[codes[index]! + offset]!++;
  piece.forEach((count, index) => (counts[index] = counts[index]! + count));
}

/**
 * Counts the codes of the Q4_0 and Q8_0 tensors of a file, upstream's or own-coded, from its bytes alone
 * (thesis figures 3.1.1 to 4.1.4). A zero is a stored number 0, as the thesis counts, so that upstream's
 * Q4_0 counts its lowest code. Zero runs cross block, row and tensor borders; tensors of other types lie
 * outside the stream. Memory: a few pieces of 4 MiB.
 * @throws UserError when the file's codes cannot be read back ({@link codesReadable})
 */
export async function codeCounts(gguf: Gguf, signal?: AbortSignal): Promise<Histogram> {
  const runs = countZeroRuns();
  const tensors: TensorCodes[] = [];
  for (const coded of codedTensors(gguf)) {
    const { name, type, shape } = coded.tensor;
    const counts = new Float64Array(coded.alphabet);
    const zero = coded.layout === "offset nibbles" ? -8 : 0;
    for await (const { codes } of codePieces(gguf, coded)) {
      signal?.throwIfAborted();
      addCounts(counts, codes, coded.alphabet / 2);
      runs.push(codes, zero);
    }
    tensors.push({ name, type, shape, counts: [...counts] });
  }
  return { tensors, zeroRuns: runs.histogram() };
}
