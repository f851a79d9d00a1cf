import { UserError } from "../errors.ts";
import { codeLayout, ownCoding } from "./own.ts";
import type { CodeLayout } from "./own.ts";
import { tensorPieces } from "./read.ts";
import type { Gguf, GgufTensor } from "./read.ts";

const blockElements = 32;
const blockBytes = { "offset nibbles": 18, "signed nibbles": 18, bytes: 34, "table bytes": 34 } as const;

/** Both codes of each byte, the low nibble's first: two int8 read as one uint16, which is why it is fast. */
function nibblePairs(decode: (nibble: number) => number): Uint16Array {
  const codes = Int8Array.from({ length: 512 }, (_, index) => decode(index & 1 ? index >> 5 : (index >> 1) & 15));
  return new Uint16Array(codes.buffer);
}

const pairsOf = {
  "offset nibbles": nibblePairs((nibble) => nibble - 8),
  "signed nibbles": nibblePairs((nibble) => (nibble << 28) >> 28),
} as const;

/**
 * Writes the codes in `blocks` to `codes` in storage order: of each Q4_0 byte the low nibble,
 * then the high one; of Q8_0 byte after byte. Codes are signed, so that 0 means zero:
 * -8 to 7, or -128 to 127 for upstream's Q8_0. Scales are skipped.
 */
export function unpackCodes(layout: CodeLayout, blocks: Uint8Array, codes: Int8Array): void {
  const bytes = blockBytes[layout];
  if (layout === "bytes" || layout === "table bytes") {
    for (let block = 0, target = 0; block + bytes <= blocks.length; block += bytes, target += blockElements)
      codes.set(blocks.subarray(block + 2, block + bytes), target);
    return;
  }
  const pairs = pairsOf[layout];
  const targets = new Uint16Array(codes.buffer, codes.byteOffset, codes.length >> 1);
  for (let block = 0, target = 0; block + bytes <= blocks.length; block += bytes)
    for (let index = block + 2; index < block + bytes; index++) targets[target++] = pairs[blocks[index]!]!;
}

/** Whether the codes of a file can be read back; the fork's way of packing centred nibbles loses some. */
export function codesReadable(gguf: Gguf): boolean {
  const own = ownCoding(gguf);
  return own?.scheme !== "centred" || !own.defects.includes("packing");
}

/** A tensor with codes, and where they lie in its bytes. */
export interface CodedTensor {
  tensor: GgufTensor;
  layout: CodeLayout;
  /** 16, or 256 for upstream's Q8_0. */
  alphabet: 16 | 256;
}

/**
 * The Q4_0 and Q8_0 tensors of a file in file order, each with its layout.
 * @throws UserError when the file was packed with the fork's defect, which loses codes
 */
export function codedTensors(gguf: Gguf): CodedTensor[] {
  if (!codesReadable(gguf))
    throw new UserError(`${gguf.path} was packed with the published defect "packing", which overwrites codes: they cannot be counted from the file. Use the histogram written while quantizing.`);
  const own = ownCoding(gguf);
  return gguf.tensors.flatMap((tensor): CodedTensor[] => {
    const layout = codeLayout(tensor.type, tensor.name, own);
    return layout ? [{ tensor, layout, alphabet: layout === "bytes" ? 256 : 16 }] : [];
  });
}

/**
 * Streams the signed codes of one tensor in storage order ({@link unpackCodes}).
 * A piece is overwritten by the next one.
 */
export async function* codeStream(gguf: Gguf, { tensor, layout }: CodedTensor): AsyncGenerator<Int8Array> {
  let codes = new Int8Array(0);
  for await (const piece of tensorPieces(gguf, tensor)) {
    const count = (piece.length / blockBytes[layout]) * blockElements;
    if (codes.length < count) codes = new Int8Array(count);
    unpackCodes(layout, piece, codes);
    yield codes.subarray(0, count);
  }
}
