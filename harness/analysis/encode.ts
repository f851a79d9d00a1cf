import { floatToHalf } from "./half.ts";
import type { CodeTable } from "./tables.ts";
import { codeOfByte } from "./tables.ts";

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

function inverse(scale: number): number {
  return scale === 0 ? 0 : round(1 / scale);
}

/**
 * Q4_0 as `quantize_row_q4_0_ref` (ggml-quants.c), codes -8 to 7 (upstream's nibble minus 8).
 * @param weights F32 values, a multiple of 32
 * @param fused whether `x * id + 8.5f` is one fused multiply-add. GCC makes it one where the target has it:
 *   on Arm, but not on x86, whose ggml-base is compiled for the baseline. About one code in 60,000 differs.
 */
export function encodeQ4(weights: Float32Array, fused = false): Encoded {
  const blocks = weights.length / blockWeights;
  const result = { scales: new Uint16Array(blocks), codes: new Int8Array(weights.length) };
  for (let block = 0; block < blocks; block++) {
    const start = block * blockWeights;
    let extreme = 0;
    for (let index = start; index < start + blockWeights; index++)
      if (Math.abs(weights[index]!) > Math.abs(extreme)) extreme = weights[index]!;
    const scale = round(extreme / -8);
    const factor = inverse(scale);
    result.scales[block] = floatToHalf(scale);
    for (let index = start; index < start + blockWeights; index++) {
      const product = weights[index]! * factor;
      const shifted = round((fused ? product : round(product)) + 8.5);
      result.codes[index] = Math.min(15, Math.trunc(shifted)) - 8;
    }
  }
  return result;
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
    const factor = inverse(scale);
    result.scales[block] = floatToHalf(scale);
    for (let index = start; index < start + blockWeights; index++) result.codes[index] = roundAway(round(weights[index]! * factor));
  }
  return result;
}

/** The centred scheme: codes of magnitude up to `radius` become 0 (thesis section 3.3). */
export function zeroRadius({ scales, codes }: Encoded, radius: number): Encoded {
  return { scales, codes: codes.map((code) => (Math.abs(code) <= radius ? 0 : code)) };
}

/** The table scheme by bins: byte codes to codes -8 to 7 (thesis section 4.1). */
export function throughTable({ scales, codes }: Encoded, table: CodeTable): Encoded {
  const map = codeOfByte(table);
  return { scales, codes: codes.map((code) => map[code + 128]!) };
}

/** Codes in the order in which nibbles are stored: of each block, weight j, then weight j + 16. */
export function nibbleOrder(codes: Int8Array): Int8Array {
  return codes.map((_, index) => {
    const place = index % blockWeights;
    return codes[index - place + (place >> 1) + (place & 1) * 16]!;
  });
}
