import { blockWeights, type Encoded } from "../../harness/analysis/encode.ts";
import { floatToHalf } from "../../harness/analysis/half.ts";
import type { CodeTable } from "../../harness/analysis/tables.ts";

const round = Math.fround;

/**
 * Q4_0 as `quantize_row_q4_0_ref` (ggml-quants.c), codes -8 to 7 (upstream's nibble minus 8).
 * On x86: where a target fuses `x * id + 8.5f`, as Arm does, about one code in 60,000 differs.
 * @param weights F32 values, a multiple of 32
 */
export function encodeQ4(weights: Float32Array): Encoded {
  const blocks = weights.length / blockWeights;
  const result = { scales: new Uint16Array(blocks), codes: new Int8Array(weights.length) };
  for (let block = 0; block < blocks; block++) {
    const start = block * blockWeights;
    let extreme = 0;
    for (let index = start; index < start + blockWeights; index++)
      if (Math.abs(weights[index]!) > Math.abs(extreme)) extreme = weights[index]!;
    const scale = round(extreme / -8);
    const factor = scale === 0 ? 0 : round(1 / scale);
    result.scales[block] = floatToHalf(scale);
    for (let index = start; index < start + blockWeights; index++) {
      const shifted = round(round(weights[index]! * factor) + 8.5);
      result.codes[index] = Math.min(15, Math.trunc(shifted)) - 8;
    }
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

/** Code -8 to 7 of each of the 256 byte codes; index is byte code + 128. */
export function codeOfByte({ widths }: CodeTable): Int8Array {
  return Int8Array.from(widths.flatMap((width, bin) => new Array<number>(width).fill(bin - 8)));
}

/** Codes in the order in which nibbles are stored: of each block, weight j, then weight j + 16. */
export function nibbleOrder(codes: Int8Array): Int8Array {
  return codes.map((_, index) => {
    const place = index % blockWeights;
    return codes[index - place + (place >> 1) + (place & 1) * 16]!;
  });
}
