import { UserError } from "../errors.ts";
import { codeLayout, type CodeLayout, ownCoding } from "./own.ts";
import { type Gguf, type GgufTensor, tensorPieces } from "./read.ts";
import { codesReadable, unpackCodes } from "./stream.ts";
import { tensorTypeNamed } from "./types.ts";

/** A tensor with one code for each weight, and how its codes lie. */
export interface PackedTensor {
  tensor: GgufTensor;
  layout: CodeLayout;
  /** 16, or 256 for upstream's Q8_0. */
  alphabet: 16 | 256;
}

/**
 * The tensors whose blocks are a scale and 32 codes: Q4_0, Q8_0 and IQ4_NL, which lies as Q4_0 does.
 * Empty when the file's codes cannot be read back ({@link codesReadable}).
 */
export function packedTensors(gguf: Gguf): PackedTensor[] {
  if (!codesReadable(gguf)) return [];
  const own = ownCoding(gguf);
  return gguf.tensors.flatMap((tensor): PackedTensor[] => {
    const layout = codeLayout(tensor.type === "IQ4_NL" ? "Q4_0" : tensor.type, tensor.name, own);
    return layout ? [{ tensor, layout, alphabet: layout === "bytes" ? 256 : 16 }] : [];
  });
}

/** A piece of a tensor's codes. Its arrays are the caller's to keep. */
export interface CodePiece {
  /** As they are stored, without the scales. */
  bytes: Uint8Array;
  /** The same, signed and one to a byte ({@link unpackCodes}). */
  codes: Int8Array;
}

/** Streams the codes of one tensor, packed and unpacked, in storage order. */
export async function* codePieces(gguf: Gguf, { tensor, layout }: PackedTensor): AsyncGenerator<CodePiece> {
  const { blockBytes, blockElements } = tensorTypeNamed(tensor.type);
  const scale = 2;
  if (blockElements !== 32) throw new UserError(`Tensor ${tensor.name} of type ${tensor.type} has no code stream.`);
  for await (const piece of tensorPieces(gguf, tensor)) {
    const blocks = piece.length / blockBytes;
    const codes = new Int8Array(blocks * blockElements);
    unpackCodes(layout, piece, codes);
    const bytes = new Uint8Array(blocks * (blockBytes - scale));
    for (let block = 0; block < blocks; block++)
      bytes.set(piece.subarray(block * blockBytes + scale, (block + 1) * blockBytes), block * (blockBytes - scale));
    yield { bytes, codes };
  }
}
