import { ParseError } from "../errors.ts";

/** An importance matrix as llama-imatrix wrote it before it wrote GGUF. */
export interface LegacyImportance {
  /** Mean squares by tensor name, of experts one after the other. */
  squares: Map<string, Float32Array>;
  /** Chunks that it was computed over, and the calibration text's path; null where the file does not say. */
  chunks: number | null;
  dataset: string | null;
}

const longestName = 256;
const longestPath = 4096;

/**
 * Reads that format: a count of entries; of each its name, how often it was called, and sums of squares times that.
 *
 * @param file for messages
 * @throws ParseError when it is none, or damaged
 * Source: `load_legacy_imatrix` in upstream's tools/quantize/quantize.cpp.
 */
export function parseLegacyImportance(bytes: Buffer, file: string): LegacyImportance {
  let at = 0;
  const take = (count: number): number => {
    if (count < 0 || at + count > bytes.length) throw new ParseError(`${file} is no importance matrix, neither in GGUF nor in the older format, or it is truncated: it ends at byte ${bytes.length}.`);
    at += count;
    return at - count;
  };
  const integer = (most: number): number => {
    const value = bytes.readInt32LE(take(4));
    if (value < 0 || value > most) throw new ParseError(`${file} is no importance matrix, neither in GGUF nor in the older format: the number at byte ${at - 4} is ${value}.`);
    return value;
  };
  const text = (most: number): string => {
    const length = integer(most);
    return bytes.toString("utf8", take(length), at);
  };
  const squares = new Map<string, Float32Array>();
  for (let left = integer(1e6); left > 0; left--) {
    const name = text(longestName);
    const calls = integer(2 ** 31 - 1);
    const count = integer(2 ** 31 - 1);
    const start = take(4 * count);
    const values = Float32Array.from({ length: count }, (_, index) => bytes.readFloatLE(start + 4 * index) / Math.max(1, calls));
    const wrong = values.findIndex((value) => !(value >= 0 && value < Infinity));
    if (wrong >= 0) throw new ParseError(`${file} is damaged: value ${wrong} of ${name} is ${values[wrong]}, where it must be a number not below 0.`);
    squares.set(name, values);
  }
  if (at === bytes.length) return { squares, chunks: null, dataset: null };
  return { squares, chunks: integer(2 ** 31 - 1), dataset: text(longestPath) };
}
