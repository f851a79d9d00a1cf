import { floatToHalf } from "./half.ts";

/** Rows in blocks of 32: one scale for each block and one signed code for each weight. */
export interface Encoded {
  /** Bits of each block's fp16 scale. */
  scales: Uint16Array;
  /** In the order of the weights. */
  codes: Int8Array;
}

/** Weights in a block of Q4_0 and Q8_0. */
export const blockWeights = 32;

const round = Math.fround;

/** Rounds half away from zero, as C's `roundf`; exact for the magnitudes of codes. */
function roundAway(value: number): number {
  return value < 0 ? -Math.floor(-value + 0.5) : Math.floor(value + 0.5);
}

/** Q8_0 as `quantize_row_q8_0_ref` (ggml-quants.c), codes -127 to 127. */
export function encodeQ8(weights: Float32Array): Encoded {
  const blocks = weights.length / blockWeights;
  const result = { scales: new Uint16Array(blocks), codes: new Int8Array(weights.length) };
  for (let block = 0; block < blocks; block++) {
    const start = block * blockWeights;
    let largest = 0;
    for (let index = start; index < start + blockWeights; index++) largest = Math.max(largest, Math.abs(weights[index]!));
    const scale = round(largest / 127);
    const factor = scale === 0 ? 0 : round(1 / scale);
    result.scales[block] = floatToHalf(scale);
    for (let index = start; index < start + blockWeights; index++) result.codes[index] = roundAway(round(weights[index]! * factor));
  }
  return result;
}
