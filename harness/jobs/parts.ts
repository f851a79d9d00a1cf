import type { Part } from "../steps/step.ts";
import { mostKept } from "./largeFiles.ts";

/** Hours that a job may take, if nothing else is asked for. */
export const usualJobHours = 4;

/** How a cell is divided whose evaluation takes longer than a job may. */
export interface Divided {
  parts: number;
  /** Hours that a job may take, for which there are so many. */
  maxHours: number;
  /** Whether one quantized file is made for all parts, or each quantizes for itself. */
  quantizes: "once" | "each";
  /** What the whole evaluation takes, quantizing once, and the rest of the cell. */
  seconds: { evaluate: number; quantize: number; rest: number };
}

/**
 * An evaluation in parts that take about as long as each other, each of whole batches: so each is evaluated as in an undivided
 * run. The last one goes to the end, however many chunks there turn out to be.
 *
 * @param chunks that there are about
 * @param perBatch chunks that are evaluated together
 * @param parts how many are wanted; there are fewer where there are fewer batches
 */
export function rangesOf(chunks: number, perBatch: number, parts: number): Part[] {
  const batches = Math.max(1, Math.ceil(chunks / perBatch));
  const count = Math.max(1, Math.min(parts, batches));
  const begins = Array.from({ length: count }, (_, index) => perBatch * Math.floor((index * batches) / count));
  return begins.map((first, index) => ({ first, count: index + 1 < count ? begins[index + 1]! - first : null }));
}

/** Bytes a second at which a kept file is read and held against its checksum. */
const readRate = 0.4e9;

/**
 * Whether all parts of an evaluation shall read one quantized file, or each shall quantize for itself: what is cheaper, as far
 * as the file can be kept at all. Where it is one, it is to be made before the parts begin, or they wait for it.
 *
 * @param quantize seconds that quantizing takes, and bytes of the file
 */
export function quantizes(parts: number, { seconds, bytes }: { seconds: number; bytes: number }): "once" | "each" {
  return bytes <= mostKept && seconds + (parts * bytes) / readRate <= parts * seconds ? "once" : "each";
}
