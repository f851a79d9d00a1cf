import { UserError } from "../errors.ts";
import { type CodeLayout, codeLayout, ownCoding } from "./own.ts";
import { type Gguf, type GgufTensor, tensorPieces } from "./read.ts";
import { tensorTypeNamed } from "./types.ts";

/** Bytes of a block's scale, which its codes follow. */
const scaleBytes = 2;

/** Both codes of each byte, the low nibble's first: two int8 read as one uint16, which is why it is fast. */
function nibblePairs(decode: (nibble: number) => number): Uint16Array {
  const codes = Int8Array.from({ length: 512 }, (_, index) => decode(index & 1 ? index >> 5 : (index >> 1) & 15));
  return new Uint16Array(codes.buffer);
}

const pairsOf = {
  "offset nibbles": nibblePairs((nibble) => nibble - 8),
  "signed nibbles": nibblePairs((nibble) => (nibble << 28) >> 28),
} as const;

function withoutScales(blocks: Uint8Array, blockBytes: number): Uint8Array {
  const bytes = new Uint8Array((blocks.length / blockBytes) * (blockBytes - scaleBytes));
  for (let block = 0, target = 0; block < blocks.length; block += blockBytes)
    for (let index = block + scaleBytes; index < block + blockBytes; index++) bytes[target++] = blocks[index]!;
  return bytes;
}

function signedCodes(layout: CodeLayout, bytes: Uint8Array): Int8Array {
  if (layout === "bytes" || layout === "table bytes") return new Int8Array(bytes.buffer);
  const pairs = pairsOf[layout];
  const codes = new Uint16Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) codes[index] = pairs[bytes[index]!]!;
  return new Int8Array(codes.buffer);
}

/** Whether the codes of a file can be read back; the fork's way of packing centred nibbles loses some. */
export function codesReadable(gguf: Gguf): boolean {
  const own = ownCoding(gguf);
  return own?.scheme !== "centred" || !own.defects.includes("packing");
}

/** A tensor with a code for each weight, and how its codes lie. */
export interface CodedTensor {
  tensor: GgufTensor;
  layout: CodeLayout;
  /** 16, or 256 for upstream's Q8_0. */
  alphabet: 16 | 256;
  /** Bytes of all codes, without the scales. */
  codeBytes: number;
}

/**
 * The tensors of some types in file order, each with its layout ({@link codeLayout}).
 * @throws UserError when the file was packed with the fork's defect, which loses codes
 */
export function codedTensors(gguf: Gguf, types: readonly string[] = ["Q4_0", "Q8_0"]): CodedTensor[] {
  if (!codesReadable(gguf))
    throw new UserError(`${gguf.path} was packed with the published defect "packing", which overwrites codes: they cannot be counted from the file. Use the histogram written while quantizing.`);
  const own = ownCoding(gguf);
  return gguf.tensors.filter(({ type }) => types.includes(type)).flatMap((tensor): CodedTensor[] => {
    const layout = codeLayout(tensor.type, tensor.name, own);
    const codeBytes = tensor.bytes - (tensor.elements / tensorTypeNamed(tensor.type).blockElements) * scaleBytes;
    return layout ? [{ tensor, layout, alphabet: layout === "bytes" ? 256 : 16, codeBytes }] : [];
  });
}

/** A piece of a tensor's codes, the caller's to keep. */
export interface CodePiece {
  /** As they are stored, without the scales. */
  bytes: Uint8Array;
  /**
   * One after the other: of each byte with two codes that of the low nibble, then that of the high one.
   * Signed, so that 0 means zero: -8 to 7, or -128 to 127 for upstream's Q8_0.
   */
  codes: Int8Array;
}

/** Streams the codes of one tensor in storage order. */
export async function* codePieces(gguf: Gguf, { tensor, layout }: CodedTensor): AsyncGenerator<CodePiece> {
  const { blockBytes } = tensorTypeNamed(tensor.type);
  for await (const blocks of tensorPieces(gguf, tensor)) {
    const bytes = withoutScales(blocks, blockBytes);
    yield { bytes, codes: signedCodes(layout, bytes) };
  }
}
