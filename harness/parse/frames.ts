import { crc32 } from "node:zlib";
import type { Frame } from "../analysis/frame.ts";

/** Frames from the beginning of some bytes. */
export interface DecodedFrames {
  frames: Frame[];
  /** How many bytes they took. What follows is cut off, damaged, or out of order, and may be truncated. */
  wholeBytes: number;
}

const magic = 0x31544651; // "QFT1"
const headBytes = 32;
const checksumBytes = 4;

/** Bytes of a chunk's frame: of each evaluated token 16, and where predictions are compared 24 more. */
export function frameBytes({ context, compared }: { context: number; compared: boolean }): number {
  return headBytes + evaluatedTokens(context) * (compared ? 40 : 16) + checksumBytes;
}

/** Tokens of a context that are evaluated: those behind its first half that have one before them. */
function evaluatedTokens(context: number): number {
  return context - 1 - Math.floor(context / 2);
}

/** The frame at `start`; null unless it is there as a whole and undamaged. */
function frameAt(bytes: Uint8Array, view: DataView, start: number): { frame: Frame; end: number } | null {
  if (bytes.length - start < headBytes) return null;
  const word = (index: number): number => view.getUint32(start + 4 * index, true);
  const flags = word(1);
  const tokens = word(3);
  const contextTokens = word(4);
  if (word(0) !== magic || flags > 1 || tokens < 1 || tokens !== evaluatedTokens(contextTokens)) return null;
  const end = start + frameBytes({ context: contextTokens, compared: flags === 1 });
  if (end > bytes.length) return null;
  if (crc32(bytes.subarray(start, end - checksumBytes)) !== view.getUint32(end - checksumBytes, true)) return null;

  // Columns begin where they fall, and a typed array must be aligned: each gets memory of its own.
  let at = bytes.byteOffset + start + headBytes;
  const column = (width: 4 | 8): ArrayBufferLike => bytes.buffer.slice(at, (at += width * tokens));
  const frame: Frame = {
    chunk: word(2),
    contextTokens,
    batchChunks: word(5),
    availableChunks: word(6),
    vocabularySize: word(7),
    expected: new Int32Array(column(4)),
    top: new Int32Array(column(4)),
    nll: new Float64Array(column(8)),
    reference: null,
  };
  if (flags === 1) {
    frame.reference = {
      top: new Int32Array(column(4)),
      nll: new Float32Array(column(4)),
      modelNll: new Float32Array(column(4)),
      kld: new Float64Array(column(8)),
      probabilityChange: new Float32Array(column(4)),
    };
  }
  return { frame, end };
}

function follows(before: Frame, after: Frame): boolean {
  return (
    after.chunk === before.chunk + 1 &&
    after.contextTokens === before.contextTokens &&
    after.vocabularySize === before.vocabularySize &&
    (after.reference === null) === (before.reference === null)
  );
}

/**
 * Decodes the frames that llama-perplexity appended to a file with --frames: as many from the beginning of
 * `bytes` as are whole, undamaged (CRC-32), of consecutive chunks and of one kind. Never throws: what the
 * bytes say is believed only as far as there are bytes, so memory is bounded by their number.
 * The first frame may be of any chunk. A little-endian machine is assumed, as everywhere here.
 * Source: tools/perplexity/frames.h of the base patches.
 */
export function decodeFrames(bytes: Uint8Array): DecodedFrames {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Frame[] = [];
  let wholeBytes = 0;
  for (;;) {
    const next = frameAt(bytes, view, wholeBytes);
    const before = frames.at(-1);
    if (!next || (before && !follows(before, next.frame))) return { frames, wholeBytes };
    frames.push(next.frame);
    wholeBytes = next.end;
  }
}
