import { bfloatToFloat, halfToFloat } from "../analysis/half.ts";
import { iq4nlValues } from "../analysis/tables.ts";
import { UserError } from "../errors.ts";
import { decodedValues, ownCoding } from "./own.ts";
import { tensorPieces } from "./read.ts";
import type { Gguf, GgufTensor } from "./read.ts";
import { tensorTypeNamed } from "./types.ts";

/** Value in units of the block's scale of each nibble or byte, indexed by the unsigned number stored. */
type DecodeTable = ArrayLike<number>;

const offsetNibbles = Array.from({ length: 16 }, (_, nibble) => nibble - 8);
const signedBytes = Array.from({ length: 256 }, (_, byte) => (byte << 24) >> 24);

function decodeNibbles(bytes: Uint8Array, table: DecodeTable, values: Float32Array): void {
  for (let block = 0, target = 0; block < bytes.length; block += 18, target += 32) {
    const scale = halfToFloat(bytes[block]! | (bytes[block + 1]! << 8));
    for (let index = 0; index < 16; index++) {
      const byte = bytes[block + 2 + index]!;
      values[target + index] = scale * table[byte & 15]!;
      values[target + index + 16] = scale * table[byte >> 4]!;
    }
  }
}

function decodeNibblesWithMinimum(bytes: Uint8Array, values: Float32Array): void {
  for (let block = 0, target = 0; block < bytes.length; block += 20, target += 32) {
    const scale = halfToFloat(bytes[block]! | (bytes[block + 1]! << 8));
    const minimum = halfToFloat(bytes[block + 2]! | (bytes[block + 3]! << 8));
    for (let index = 0; index < 16; index++) {
      const byte = bytes[block + 4 + index]!;
      values[target + index] = Math.fround(scale * (byte & 15)) + minimum;
      values[target + index + 16] = Math.fround(scale * (byte >> 4)) + minimum;
    }
  }
}

function decodeBytes(bytes: Uint8Array, table: DecodeTable, values: Float32Array): void {
  for (let block = 0, target = 0; block < bytes.length; block += 34, target += 32) {
    const scale = halfToFloat(bytes[block]! | (bytes[block + 1]! << 8));
    for (let index = 0; index < 32; index++) values[target + index] = scale * table[bytes[block + 2 + index]!]!;
  }
}

function decodeFloats(type: string, bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < values.length; index++)
    values[index] =
      type === "F32" ? view.getFloat32(index * 4, true)
      : type === "F16" ? halfToFloat(view.getUint16(index * 2, true))
      : bfloatToFloat(view.getUint16(index * 2, true));
}

/** Re-indexes 16 values for codes -8 to 7 by the unsigned nibble or byte that stores the code. */
function tableByStoredNumber(values: number[], size: 16 | 256): number[] {
  const half = size / 2;
  return Array.from({ length: size }, (_, stored) => {
    const code = stored < half ? stored : stored - size;
    return values[code + 8] ?? NaN;
  });
}

/**
 * Decodes whole blocks of one type, as upstream's `dequantize_row_*`; own codes exactly, by `ownTable`.
 * @param ownTable 16 values for codes -8 to 7 in units of the block's scale; upstream's decoding when absent
 * @throws UserError for a type that is not among F32, F16, BF16, Q4_0, Q4_1, Q8_0, IQ4_NL
 */
export function decodeBlocks(type: string, bytes: Uint8Array, ownTable?: number[]): Float32Array {
  const { blockElements, blockBytes } = tensorTypeNamed(type);
  const values = new Float32Array((bytes.length / blockBytes) * blockElements);
  switch (type) {
    case "F32": case "F16": case "BF16": decodeFloats(type, bytes, values); break;
    case "Q4_0": decodeNibbles(bytes, ownTable ? tableByStoredNumber(ownTable, 16) : offsetNibbles, values); break;
    case "Q4_1": decodeNibblesWithMinimum(bytes, values); break;
    case "IQ4_NL": decodeNibbles(bytes, iq4nlValues, values); break;
    case "Q8_0": decodeBytes(bytes, ownTable ? tableByStoredNumber(ownTable, 256) : signedBytes, values); break;
    default: throw new UserError(`Values of type ${type} cannot be decoded here; F32, F16, BF16, Q4_0, Q4_1, Q8_0 and IQ4_NL can.`);
  }
  return values;
}

/**
 * Streams a tensor's values, decoded by what the file says about itself (exactly, whatever its `pablo.decode`).
 * @param pieceBytes upper bound of the stored bytes in a piece
 */
export async function* tensorValues(gguf: Gguf, tensor: GgufTensor, pieceBytes?: number): AsyncGenerator<Float32Array> {
  const table = decodedValues(gguf, ownCoding(gguf), tensor.type, tensor.name);
  for await (const piece of tensorPieces(gguf, tensor, pieceBytes)) yield decodeBlocks(tensor.type, piece, table);
}
