import { blockWeights } from "../../harness/analysis/encode.ts";
import type { Encoded } from "../../harness/analysis/encode.ts";
import { floatToHalf, halfToFloat } from "../../harness/analysis/half.ts";

/** How the table scheme encodes when it does not go through Q8_0's codes. */
export interface NearestOptions {
  /** The block's scale: its largest magnitude over 127, or the one that leaves the least error. */
  scale: "absmax" | "search";
  /** Importance of each weight of a row, repeated for every row; equal when absent. */
  importance?: Float32Array;
  /** Weights in a row; needed with `importance`. */
  rowWeights?: number;
}

/** Scales tried on each side of the one that puts the largest weight on the table's end. */
const searchSteps = 32;
const searchReach = Math.fround(0.3);
const round = Math.fround;

/** Codes of the decoded values nearest to weight × factor; a tie goes to the smaller value. */
function nearestCodes(values: readonly number[], weights: Float32Array, factor: number, codes: Int8Array): void {
  for (let index = 0; index < blockWeights; index++) {
    const target = round(weights[index]! * factor);
    let code = 0;
    while (code < 15 && target > (values[code]! + values[code + 1]!) / 2) code++;
    codes[index] = code - 8;
  }
}

/** Weighted sums of value × weight and of value², in the order and precision of the C library. */
function sumsOf(values: readonly number[], weights: Float32Array, importance: Float32Array, codes: Int8Array): [number, number] {
  let product = 0;
  let power = 0;
  for (let index = 0; index < blockWeights; index++) {
    const value = values[codes[index]! + 8]!;
    const scaled = round(importance[index]! * value);
    product = round(product + round(scaled * weights[index]!));
    power = round(power + round(scaled * value));
  }
  return [product, power];
}

/** The least-squares scale of the best codes over all scales tried (after `quantize_row_iq4_nl_impl`). */
function searchScale(values: readonly number[], weights: Float32Array, importance: Float32Array, extreme: number): number {
  const codes = new Int8Array(blockWeights);
  let best = 0;
  let bestScale = 0;
  for (const end of [values[0]!, values[15]!]) {
    for (let step = -searchSteps; step <= searchSteps; step++) {
      const stretch = round(1 + round(round(searchReach * step) / searchSteps));
      nearestCodes(values, weights, round(round(end * stretch) / extreme), codes);
      const [product, power] = sumsOf(values, weights, importance, codes);
      const square = round(product * product);
      if (power > 0 && square > round(best * power)) {
        best = round(square / power);
        bestScale = round(product / power);
      }
    }
  }
  return bestScale;
}

/**
 * The table scheme with `ENCODE nearest`: codes of the decoded values nearest to each weight over the scale as
 * it is stored. Float32 arithmetic without fused operations, as the C library's scalar code on x86.
 * @param weights F32 values, a multiple of 32; whole rows with `importance`
 * @param values 16 increasing decoded values
 */
export function encodeNearest(weights: Float32Array, values: readonly number[], options: NearestOptions): Encoded {
  const blocks = weights.length / blockWeights;
  const result = { scales: new Uint16Array(blocks), codes: new Int8Array(weights.length) };
  const blockImportance = new Float32Array(blockWeights);
  for (let block = 0; block < blocks; block++) {
    const start = block * blockWeights;
    const part = weights.subarray(start, start + blockWeights);
    let extreme = 0;
    for (const weight of part) if (Math.abs(weight) > Math.abs(extreme)) extreme = weight;
    let scale = round(Math.abs(extreme) / 127);
    if (options.scale === "search" && scale > 0) {
      part.forEach((_, index) => {
        blockImportance[index] = options.importance?.[(start + index) % (options.rowWeights ?? weights.length)] ?? 1;
      });
      scale = searchScale(values, part, blockImportance, extreme);
    }
    const half = floatToHalf(scale);
    const used = halfToFloat(half);
    result.scales[block] = half;
    nearestCodes(values, part, used === 0 ? 0 : round(1 / used), result.codes.subarray(start, start + blockWeights));
  }
  return result;
}
