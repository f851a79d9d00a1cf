import { countZeroRuns } from "../analysis/zeroRuns.ts";
import { codedTensors, codeStream } from "./stream.ts";
import type { Gguf } from "./read.ts";

/** How often each code occurs in one tensor. */
export interface TensorCodes {
  name: string;
  type: string;
  /** Row length first. */
  shape: number[];
  /** 16 counts, index code + 8, or 256, index code + 128 (upstream's Q8_0). */
  codes: number[];
}

/** Code counts per tensor and the zero runs of the whole model, as the thesis counts them. */
export interface Histogram {
  /** In file order. */
  tensors: TensorCodes[];
  /** 16 counts of runs of zeros: lengths 1 to 15, then 16 and more. */
  zeroRuns: number[];
}

/** What to count. */
export interface CodeCountOptions {
  /** Base types to count; both when absent. */
  types?: readonly ("Q4_0" | "Q8_0")[];
  /** Names of the tensors to count; all of these types when absent. */
  tensors?: readonly string[];
  /**
   * What a zero is. "code" (when absent): the number stored is 0, as the thesis counts, so that upstream's
   * Q4_0 counts its lowest code. "weight": the decoded weight is 0, which in upstream's Q4_0 is code 8.
   */
  zero?: "code" | "weight";
  signal?: AbortSignal;
}

/** Adds the counts of one piece, which fit 32 bits and are faster counted so, to those of the tensor. */
function addCounts(counts: Float64Array, codes: Int8Array, offset: number): void {
  const piece = new Uint32Array(counts.length);
  for (let index = 0; index < codes.length; index++) piece[codes[index]! + offset]!++;
  piece.forEach((count, index) => (counts[index] = counts[index]! + count));
}

/**
 * Counts the codes of the Q4_0 and Q8_0 tensors of a file, upstream's or own-coded, from its bytes alone
 * (thesis figures 3.1.1 to 4.1.4). Zero runs cross block, row and tensor borders; tensors of other types
 * lie outside the stream. Memory: a few pieces of 4 MiB.
 * @throws UserError when the file's codes cannot be read back ({@link codesReadable})
 */
export async function codeCounts(gguf: Gguf, options: CodeCountOptions = {}): Promise<Histogram> {
  const runs = countZeroRuns();
  const tensors: TensorCodes[] = [];
  for (const coded of codedTensors(gguf)) {
    const { name, type, shape } = coded.tensor;
    if (options.types && !options.types.some((wanted) => wanted === type)) continue;
    if (options.tensors && !options.tensors.includes(name)) continue;
    const counts = new Float64Array(coded.alphabet);
    const zero = coded.layout === "offset nibbles" && options.zero !== "weight" ? -8 : 0;
    for await (const codes of codeStream(gguf, coded)) {
      options.signal?.throwIfAborted();
      addCounts(counts, codes, coded.alphabet / 2);
      runs.push(codes, zero);
    }
    tensors.push({ name, type, shape, codes: [...counts] });
  }
  return { tensors, zeroRuns: runs.histogram() };
}

/**
 * Counts over all tensors of a histogram whose alphabet has `alphabet` codes.
 * @returns `alphabet` counts; zeros when there is no such tensor
 */
export function totalCodes(histogram: Histogram, alphabet: 16 | 256): number[] {
  const total = new Array<number>(alphabet).fill(0);
  for (const { codes } of histogram.tensors) {
    if (codes.length !== alphabet) continue;
    codes.forEach((count, index) => (total[index] = total[index]! + count));
  }
  return total;
}
