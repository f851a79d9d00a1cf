import { open } from "node:fs/promises";
import { huffmanBits, rangeCoderBits } from "../analysis/codeLengths.ts";
import { chiSquare, conditionalEntropy, entropy, expectedZeroRuns } from "../analysis/entropy.ts";
import { total, zeroShare } from "../analysis/histogram.ts";
import { countZeroRuns } from "../analysis/zeroRuns.ts";
import { codePieces, type PackedTensor, packedTensors } from "../gguf/codeBytes.ts";
import type { Gguf } from "../gguf/read.ts";
import type { RecordedCompression, RecordedStream } from "../store/record.ts";
import { type CompressedSizes, compressedSizes } from "./compressors.ts";

/** Bytes of a file, and of its code stream, that are compressed at most: the strong compressors do 2 MB/s. */
const mostBytes = 1 << 26;
const filePiece = 1 << 22;

interface Stream {
  packed: PackedTensor;
  counts: Float64Array;
  pairs: Float64Array;
  bytes: number;
  /** The packed codes from the tensor's start, as many as may be compressed. */
  head: Uint8Array;
}

/**
 * How far a quantized file could be compressed: in theory, by the entropy of its codes, and by real compressors.
 *
 * @param folder where compressors may write
 */
export async function measureCompression(gguf: Gguf, folder: string, signal: AbortSignal): Promise<RecordedCompression> {
  const tensors = packedTensors(gguf);
  const runs = countZeroRuns();
  const streams: Stream[] = [];
  for (const packed of tensors) streams.push(await readStream(gguf, packed, Math.floor(mostBytes / tensors.length), runs.push, signal));
  const sizes = await compressedSizes(streams.map(({ head }) => head), folder, signal);
  const described = streams.map((stream, index) => describe(stream, sizes[index]!));
  const file = await compressFile(gguf, folder, signal);
  const sampled = streams.some(({ bytes, head }) => head.length < bytes) || file.sampled < gguf.fileBytes;
  return {
    streams: described.length === 0 ? [] : [whole(streams, described), ...described],
    file: file.sizes,
    sampledBytes: sampled ? file.sampled : null,
    zeroRuns: streams.length === 0 ? null : compareRuns(runs.histogram(), streams),
  };
}

async function readStream(
  gguf: Gguf,
  packed: PackedTensor,
  most: number,
  pushRuns: (codes: Int8Array, zero: number) => void,
  signal: AbortSignal,
): Promise<Stream> {
  const { alphabet } = packed;
  const counts = new Float64Array(alphabet);
  const pairs = new Float64Array(alphabet * alphabet);
  const kept: Uint8Array[] = [];
  let bytes = 0;
  let previous = -1;
  for await (const piece of codePieces(gguf, packed)) {
    signal.throwIfAborted();
    for (let index = 0; index < piece.codes.length; index++) {
      const code = piece.codes[index]! + alphabet / 2;
      counts[code]!++;
      if (previous >= 0) pairs[previous * alphabet + code]!++;
      previous = code;
    }
    pushRuns(piece.codes, 0);
    if (bytes < most) kept.push(piece.bytes.subarray(0, most - bytes));
    bytes += piece.bytes.length;
  }
  return { packed, counts, pairs, bytes, head: Buffer.concat(kept) };
}

function describe({ packed, counts, pairs, bytes, head }: Stream, sizes: CompressedSizes): RecordedStream {
  const { tensor, alphabet } = packed;
  const scale = head.length > 0 ? bytes / head.length : 1;
  return {
    tensor: tensor.name,
    type: tensor.type,
    alphabet,
    codes: total(counts),
    zeroShare: zeroShare(counts),
    entropy: entropy(counts),
    conditionalEntropy: conditionalEntropy(pairs, alphabet),
    huffman: huffmanBits(counts),
    rangeCoder: rangeCoderBits(counts),
    sizes: { packed: bytes, ...scaled(sizes, scale) },
  };
}

/** All streams as one, each coded by its own statistics: shares weighted by codes, sizes added. */
function whole(streams: readonly Stream[], described: readonly RecordedStream[]): RecordedStream {
  const codes = total(described.map((stream) => stream.codes));
  const mean = (value: (stream: RecordedStream) => number): number => total(described.map((stream) => value(stream) * stream.codes)) / codes;
  const sum = (name: keyof RecordedStream["sizes"]): number | null => {
    const sizes = described.map((stream) => stream.sizes[name]);
    return sizes.some((size) => size === null) ? null : total(sizes as number[]);
  };
  const types = [...new Set(described.map(({ type }) => type))];
  return {
    tensor: "*",
    type: types.join("+"),
    alphabet: Math.max(...streams.map(({ packed }) => packed.alphabet)),
    codes,
    zeroShare: mean((stream) => stream.zeroShare),
    entropy: mean((stream) => stream.entropy),
    conditionalEntropy: mean((stream) => stream.conditionalEntropy),
    huffman: mean((stream) => stream.huffman),
    rangeCoder: mean((stream) => stream.rangeCoder),
    sizes: { packed: sum("packed")!, "zstd-3": sum("zstd-3"), "zstd-19": sum("zstd-19"), xz: sum("xz") },
  };
}

function scaled(sizes: CompressedSizes, scale: number): Omit<RecordedStream["sizes"], "packed"> {
  const one = (size: number | null): number | null => (size === null ? null : Math.round(size * scale));
  return { "zstd-3": one(sizes["zstd-3"]), "zstd-19": one(sizes["zstd-19"]), xz: one(sizes.xz) };
}

/** The measured runs of zeros beside those of independent codes, each tensor with its own share of zeros. */
function compareRuns(measured: number[], streams: readonly Stream[]): RecordedCompression["zeroRuns"] {
  const expected = streams.reduce<number[]>((sum, { counts }) => {
    const runs = expectedZeroRuns(total(counts), zeroShare(counts));
    return runs.map((count, index) => count + (sum[index] ?? 0));
  }, []);
  if (total(measured) === 0) return null;
  const { statistic, degreesOfFreedom, probability } = chiSquare(measured, expected, 1);
  return { measured, expected, chiSquare: statistic, degreesOfFreedom, probability: Number.isNaN(probability) ? null : probability };
}

async function compressFile(gguf: Gguf, folder: string, signal: AbortSignal): Promise<{ sizes: RecordedCompression["file"]; sampled: number }> {
  const pieces = Math.ceil(gguf.fileBytes / filePiece);
  const wanted = Math.min(pieces, mostBytes / filePiece);
  const file = await open(gguf.path, "r");
  const buffers: Buffer[] = [];
  try {
    // Piece by piece even when all are wanted: between pieces the store's lock is renewed and Ctrl-C heard.
    for (let index = 0; index < wanted; index++) {
      const buffer = Buffer.alloc(filePiece);
      const { bytesRead } = await file.read(buffer, 0, filePiece, Math.floor((index * pieces) / wanted) * filePiece);
      buffers.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  const sampled = total(buffers.map(({ length }) => length));
  const sizes = await compressedSizes(buffers, folder, signal);
  const sum = (name: keyof CompressedSizes): number | null =>
    sizes.some((one) => one[name] === null) ? null : Math.round((total(sizes.map((one) => one[name]!)) * gguf.fileBytes) / sampled);
  return { sizes: { bytes: gguf.fileBytes, "zstd-3": sum("zstd-3"), "zstd-19": sum("zstd-19"), xz: sum("xz") }, sampled };
}
