import path from "node:path";
import { huffmanBits, rangeCoderBits } from "../analysis/codeLengths.ts";
import { countCodePairs } from "../analysis/codePairs.ts";
import { chiSquare, conditionalEntropy, entropy, expectedZeroRuns } from "../analysis/entropy.ts";
import { total, zeroShare } from "../analysis/histogram.ts";
import { countZeroRuns, type ZeroRunCounter } from "../analysis/zeroRuns.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { codedTensors, type CodedTensor, codePieces, codesReadable } from "../gguf/stream.ts";
import { inThread } from "../threads/inThread.ts";
import type { RecordedCompression, RecordedStream } from "./compressionRecord.ts";
import { writeOwn } from "../writeAtomic.ts";

/** The codes of one tensor: what is known of them before they are compressed, and the packed codes from its start as files. */
export interface CodeStream {
  described: Omit<RecordedStream, "sizes">;
  /** Of all codes as they are stored, without scales. */
  packedBytes: number;
  pieces: string[];
  /** Bytes of the pieces. */
  pieceBytes: number;
}

/** The streams of a file, and the runs of zeros over all of them. */
export interface CodeStreams {
  streams: CodeStream[];
  zeroRuns: RecordedCompression["zeroRuns"];
}

interface Asked {
  /** Path of a quantized GGUF. */
  file: string;
  /** Where pieces are written. */
  folder: string;
  /** Bytes of all pieces at most: of larger files the same share of each tensor. */
  most: number;
}

interface Counted extends CodeStream {
  counts: ArrayLike<number>;
}

/**
 * What {@link codeStreams} does: the task for a thread.
 *
 * @public called there by its name
 */
export async function readCodeStreams({ file, folder, most }: Asked): Promise<CodeStreams> {
  const gguf = await readGguf(file);
  // IQ4_NL lies as Q4_0 does; the fork's packing loses codes.
  const tensors = codesReadable(gguf) ? codedTensors(gguf, ["Q4_0", "Q8_0", "IQ4_NL"]) : [];
  const share = Math.min(1, most / total(tensors.map(({ codeBytes }) => codeBytes)));
  const runs = countZeroRuns();
  const counted: Counted[] = [];
  for (const [index, coded] of tensors.entries()) {
    counted.push(await readStream(gguf, coded, runs, { most: Math.ceil(coded.codeBytes * share), prefix: path.join(folder, `stream-${index}`) }));
  }
  return {
    streams: counted.map(({ counts: _, ...stream }) => stream),
    zeroRuns: counted.length === 0 ? null : compareRuns(runs.histogram(), counted.map(({ counts }) => counts)),
  };
}

/** Read the codes of a quantized file once: count them, and write those that are to be compressed. In a thread. */
export async function codeStreams(asked: Asked, signal: AbortSignal): Promise<CodeStreams> {
  return inThread(import.meta.url, readCodeStreams, asked, signal);
}

async function readStream(gguf: Gguf, coded: CodedTensor, runs: ZeroRunCounter, { most, prefix }: { most: number; prefix: string }): Promise<Counted> {
  const { tensor, alphabet, codeBytes } = coded;
  const counter = countCodePairs(alphabet);
  const pieces: string[] = [];
  let written = 0;
  for await (const { bytes, codes } of codePieces(gguf, coded)) {
    counter.push(codes);
    runs.push(codes, 0);
    if (written >= most) continue;
    const piece = bytes.subarray(0, most - written);
    pieces.push(`${prefix}-${pieces.length}`);
    await writeOwn(pieces.at(-1)!, piece);
    written += piece.length;
  }
  const { counts, pairs } = counter.result();
  const described = {
    tensor: tensor.name,
    type: tensor.type,
    alphabet,
    codes: total(counts),
    zeroShare: zeroShare(counts),
    entropy: entropy(counts),
    conditionalEntropy: conditionalEntropy(pairs, alphabet),
    huffman: huffmanBits(counts),
    rangeCoder: rangeCoderBits(counts),
  };
  return { described, packedBytes: codeBytes, pieces, pieceBytes: written, counts };
}

/** The measured runs of zeros beside those of independent codes, each tensor with its own share of zeros. */
function compareRuns(measured: number[], counts: readonly ArrayLike<number>[]): RecordedCompression["zeroRuns"] {
  const expected = counts.reduce<number[]>((sum, ofTensor) => {
    const runs = expectedZeroRuns(total(ofTensor), zeroShare(ofTensor));
    return runs.map((count, index) => count + (sum[index] ?? 0));
  }, []);
  if (total(measured) === 0) return null;
  const { statistic, degreesOfFreedom, probability } = chiSquare(measured, expected, 1);
  return { measured, expected, chiSquare: statistic, degreesOfFreedom, probability: Number.isNaN(probability) ? null : probability };
}
