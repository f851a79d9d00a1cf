import { rm } from "node:fs/promises";
import { total } from "../analysis/histogram.ts";
import type { Gguf } from "../gguf/read.ts";
import { type CodeStream, codeStreams } from "./codeStreams.ts";
import type { RecordedCompression, RecordedStream } from "./compressionRecord.ts";
import { type CompressedSizes, compressedSizes } from "./compressors.ts";
import { cutFile } from "./filePieces.ts";

/** Bytes of a file, and of its code stream, that are compressed at most: the strong compressors do 2 MB/s. */
export const mostBytes = 1 << 24;

/**
 * How far a quantized file could be compressed: in theory, by the entropy of its codes, and by real compressors.
 *
 * @param folder where pieces and what compressors make of them lie for a while
 * @param most bytes of the file, and of its codes, that are compressed at most: of larger ones the same share of
 *   each tensor, and the sizes are scaled up
 */
export async function measureCompression(gguf: Gguf, folder: string, signal: AbortSignal, most = mostBytes): Promise<RecordedCompression> {
  const pieces: string[] = [];
  const ofFile = async (): Promise<{ sizes: CompressedSizes; bytes: number }> => {
    const { files, bytes } = await cutFile(gguf, most, folder);
    pieces.push(...files);
    const [sizes] = await compressedSizes([files], signal);
    return { sizes: sizes!, bytes };
  };
  const ofStreams = async (): Promise<Pick<RecordedCompression, "streams" | "zeroRuns">> => {
    const { streams, zeroRuns } = await codeStreams({ file: gguf.path, folder, most }, signal);
    pieces.push(...streams.flatMap((stream) => stream.pieces));
    const sizes = await compressedSizes(streams.map((stream) => stream.pieces), signal);
    const described = streams.map((stream, index) => ({ ...stream.described, sizes: streamSizes(stream, sizes[index]!) }));
    return { streams: described.length === 0 ? [] : [whole(described), ...described], zeroRuns };
  };
  try {
    // Two processes of xz: the file's need not wait until codes are read.
    const [file, streams] = await Promise.allSettled([ofFile(), ofStreams()]);
    if (file.status === "rejected") throw file.reason;
    if (streams.status === "rejected") throw streams.reason;
    const { sizes, bytes } = file.value;
    return {
      ...streams.value,
      file: { bytes: gguf.fileBytes, ...scaled(sizes, bytes, gguf.fileBytes) },
      sampledBytes: bytes < gguf.fileBytes ? bytes : null,
    };
  } finally {
    await Promise.all(pieces.map((piece) => rm(piece, { force: true })));
  }
}

function streamSizes({ packedBytes, pieceBytes }: CodeStream, sizes: CompressedSizes): RecordedStream["sizes"] {
  return { packed: packedBytes, ...scaled(sizes, pieceBytes, packedBytes) };
}

/** All streams as one, each coded by its own statistics: shares weighted by codes, sizes added. */
function whole(streams: readonly RecordedStream[]): RecordedStream {
  const codes = total(streams.map((stream) => stream.codes));
  const mean = (value: (stream: RecordedStream) => number): number => total(streams.map((stream) => value(stream) * stream.codes)) / codes;
  const sum = (name: keyof RecordedStream["sizes"]): number | null => {
    const sizes = streams.map((stream) => stream.sizes[name]);
    return sizes.some((size) => size === null) ? null : total(sizes as number[]);
  };
  const types = [...new Set(streams.map(({ type }) => type))];
  return {
    tensor: "*",
    type: types.join("+"),
    alphabet: Math.max(...streams.map(({ alphabet }) => alphabet)),
    codes,
    zeroShare: mean((stream) => stream.zeroShare),
    entropy: mean((stream) => stream.entropy),
    conditionalEntropy: mean((stream) => stream.conditionalEntropy),
    huffman: mean((stream) => stream.huffman),
    rangeCoder: mean((stream) => stream.rangeCoder),
    sizes: { packed: sum("packed")!, "zstd-3": sum("zstd-3"), "zstd-19": sum("zstd-19"), xz: sum("xz") },
  };
}

/** What compressors would make of all bytes, by what they made of some of them. */
function scaled(sizes: CompressedSizes, sampled: number, bytes: number): Omit<RecordedStream["sizes"], "packed"> {
  const one = (size: number | null): number | null => (size === null ? null : Math.round(size * (sampled > 0 ? bytes / sampled : 1)));
  return { "zstd-3": one(sizes["zstd-3"]), "zstd-19": one(sizes["zstd-19"]), xz: one(sizes.xz) };
}
