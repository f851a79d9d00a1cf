import { open } from "node:fs/promises";
import { huffmanBits, rangeCoderBits } from "../analysis/codeLengths.ts";
import { chiSquare, conditionalEntropy, entropy, expectedZeroRuns } from "../analysis/entropy.ts";
import { total, zeroShare } from "../analysis/histogram.ts";
import { countZeroRuns } from "../analysis/zeroRuns.ts";
import type { Gguf } from "../gguf/read.ts";
import { codedTensors, type CodedTensor, codePieces, codesReadable } from "../gguf/stream.ts";
import type { RecordedCompression, RecordedStream } from "./compressionRecord.ts";
import { type CompressedSizes, compressedSizes } from "./compressors.ts";

/** Bytes of a file, and of its code stream, that are compressed at most: the strong compressors do 2 MB/s. */
const mostBytes = 1 << 26;
/** Places, all over a file, that a part of it is taken from. */
const places = 16;

interface Stream {
  coded: CodedTensor;
  counts: Float64Array;
  pairs: Float64Array;
  /** The packed codes from the tensor's start, as many as may be compressed. */
  head: Uint8Array[];
}

/**
 * How far a quantized file could be compressed: in theory, by the entropy of its codes, and by real compressors.
 *
 * @param folder where compressors may write
 * @param most bytes of the file, and of its codes, that are compressed at most: of larger ones the same share of
 *   each tensor, and the sizes are scaled up
 */
export async function measureCompression(gguf: Gguf, folder: string, signal: AbortSignal, most = mostBytes): Promise<RecordedCompression> {
  // IQ4_NL lies as Q4_0 does; the fork's packing loses codes.
  const tensors = codesReadable(gguf) ? codedTensors(gguf, ["Q4_0", "Q8_0", "IQ4_NL"]) : [];
  const share = Math.min(1, most / total(tensors.map(({ codeBytes }) => codeBytes)));
  const runs = countZeroRuns();
  const streams: Stream[] = [];
  for (const coded of tensors) streams.push(await readStream(gguf, coded, Math.ceil(coded.codeBytes * share), runs.push, signal));
  const sizes = await compressedSizes(streams.map(({ head }) => head), folder, signal);
  const described = streams.map((stream, index) => describe(stream, sizes[index]!));
  const file = await compressFile(gguf, most, folder, signal);
  return {
    streams: described.length === 0 ? [] : [whole(streams, described), ...described],
    file: file.sizes,
    sampledBytes: file.sampled < gguf.fileBytes ? file.sampled : null,
    zeroRuns: streams.length === 0 ? null : compareRuns(runs.histogram(), streams),
  };
}

async function readStream(
  gguf: Gguf,
  coded: CodedTensor,
  most: number,
  pushRuns: (codes: Int8Array, zero: number) => void,
  signal: AbortSignal,
): Promise<Stream> {
  const { alphabet } = coded;
  const counts = new Float64Array(alphabet);
  const pairs = new Float64Array(alphabet * alphabet);
  const head: Uint8Array[] = [];
  let bytes = 0;
  let previous = -1;
  for await (const piece of codePieces(gguf, coded)) {
    signal.throwIfAborted();
    for (let index = 0; index < piece.codes.length; index++) {
      const code = piece.codes[index]! + alphabet / 2;
      counts[code]!++;
      if (previous >= 0) pairs[previous * alphabet + code]!++;
      previous = code;
    }
    pushRuns(piece.codes, 0);
    if (bytes < most) head.push(piece.bytes.slice(0, most - bytes));
    bytes += piece.bytes.length;
  }
  return { coded, counts, pairs, head };
}

function describe({ coded, counts, pairs, head }: Stream, sizes: CompressedSizes): RecordedStream {
  const { tensor, alphabet, codeBytes } = coded;
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
    sizes: { packed: codeBytes, ...scaled(sizes, head, codeBytes) },
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
    alphabet: Math.max(...streams.map(({ coded }) => coded.alphabet)),
    codes,
    zeroShare: mean((stream) => stream.zeroShare),
    entropy: mean((stream) => stream.entropy),
    conditionalEntropy: mean((stream) => stream.conditionalEntropy),
    huffman: mean((stream) => stream.huffman),
    rangeCoder: mean((stream) => stream.rangeCoder),
    sizes: { packed: sum("packed")!, "zstd-3": sum("zstd-3"), "zstd-19": sum("zstd-19"), xz: sum("xz") },
  };
}

/** What compressors would make of all bytes, by what they made of some pieces. */
function scaled(sizes: CompressedSizes, pieces: readonly Uint8Array[], bytes: number): Omit<RecordedStream["sizes"], "packed"> {
  const sampled = total(pieces.map(({ length }) => length));
  const one = (size: number | null): number | null => (size === null ? null : Math.round(size * (sampled > 0 ? bytes / sampled : 1)));
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

async function compressFile(gguf: Gguf, most: number, folder: string, signal: AbortSignal): Promise<{ sizes: RecordedCompression["file"]; sampled: number }> {
  const pieceBytes = Math.ceil(most / places);
  const pieces = Math.ceil(gguf.fileBytes / pieceBytes);
  const wanted = Math.min(pieces, places);
  const file = await open(gguf.path, "r");
  const buffers: Buffer[] = [];
  try {
    for (let index = 0; index < wanted; index++) {
      const buffer = Buffer.alloc(pieceBytes);
      const { bytesRead } = await file.read(buffer, 0, pieceBytes, Math.floor((index * pieces) / wanted) * pieceBytes);
      buffers.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  const [sizes] = await compressedSizes([buffers], folder, signal);
  return { sizes: { bytes: gguf.fileBytes, ...scaled(sizes!, buffers, gguf.fileBytes) }, sampled: total(buffers.map(({ length }) => length)) };
}
