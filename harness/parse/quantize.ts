import { ParseError } from "../errors.ts";
import { bothStreams, finiteNumber } from "./numbers.ts";
import type { Output } from "./numbers.ts";

/** What llama-quantize reports. */
export interface Quantization {
  /** How many tensors it wrote. */
  tensors: number;
  /** Seconds that the program took in all. */
  seconds: number;
}

const tensorLine = /\[ *(\d+)\/ *(\d+)\] +\S+ +- \[[\d, ]+\], type = +\S+, /g;

/**
 * Reads what llama-quantize wrote.
 * @throws ParseError when a tensor's line or the closing time is missing: the program ended early
 * Source: `llama_model_quantize_impl` (src/llama-quant.cpp), tools/quantize/quantize.cpp.
 */
export function parseQuantize(output: Output): Quantization {
  const text = bothStreams(output);
  const lines = [...text.matchAll(tensorLine)];
  const announced = Number(lines[0]?.[2] ?? 0);
  if (lines.length === 0 || lines.length !== announced || lines.some((line, index) => Number(line[1]) !== index + 1))
    throw new ParseError(`llama-quantize reported ${lines.length} tensors of ${announced}: it ended early.`);
  const milliseconds = /total time = +([\d.]+) ms/.exec(text)?.[1];
  return {
    tensors: lines.length,
    seconds: finiteNumber(milliseconds, "The total time of llama-quantize") / 1000,
  };
}
