import { blockWeights, type Encoded } from "../../harness/analysis/encode.ts";

function pack({ scales }: Encoded, blockBytes: number, write: (bytes: Uint8Array, at: number, start: number) => void): Uint8Array {
  const bytes = new Uint8Array(scales.length * blockBytes);
  scales.forEach((scale, block) => {
    const at = block * blockBytes;
    bytes[at] = scale & 255;
    bytes[at + 1] = scale >> 8;
    write(bytes, at + 2, block * blockWeights);
  });
  return bytes;
}

function packNibbles(encoded: Encoded, join: (low: number, high: number) => number): Uint8Array {
  const { codes } = encoded;
  return pack(encoded, 18, (bytes, at, start) => {
    for (let index = 0; index < 16; index++) bytes[at + index] = join(codes[start + index]!, codes[start + index + 16]!) & 255;
  });
}

/** Upstream's Q4_0 blocks: codes -8 to 7 stored as nibbles 0 to 15. */
export function packOffsetNibbles(encoded: Encoded): Uint8Array {
  return packNibbles(encoded, (low, high) => (low + 8) | ((high + 8) << 4));
}

/** Q4_0 blocks with two's-complement nibbles: the centred scheme and packed tables. */
export function packSignedNibbles(encoded: Encoded): Uint8Array {
  return packNibbles(encoded, (low, high) => (low & 15) | (high << 4));
}

/** The fork's packing, in which a negative low nibble sets every bit of the high one (defect "packing"). */
export function packPublishedNibbles(encoded: Encoded): Uint8Array {
  return packNibbles(encoded, (low, high) => low | (high << 4));
}

/** Q8_0 blocks: one signed code to a byte. */
export function packBytes(encoded: Encoded): Uint8Array {
  return pack(encoded, 34, (bytes, at, start) => {
    for (let index = 0; index < blockWeights; index++) bytes[at + index] = encoded.codes[start + index]! & 255;
  });
}
