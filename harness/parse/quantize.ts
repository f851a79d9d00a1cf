import { ParseError } from "../errors.ts";
import { bothStreams, finiteNumber } from "./numbers.ts";
import type { Output } from "./numbers.ts";

const tensorLine = /\[ *(\d+)\/ *(\d+)\] +\S+ +- \[[\d, ]+\], type = +\S+, /g;

/**
 * Reads what llama-quantize wrote.
 * @returns seconds that it took in all
 * @throws ParseError when a tensor's line or the closing time is missing: the program ended early
 * Source: `llama_model_quantize_impl` (src/llama-quant.cpp), tools/quantize/quantize.cpp.
 */
export function parseQuantize(output: Output): number {
  const text = bothStreams(output);
  const lines = [...text.matchAll(tensorLine)];
  const announced = Number(lines[0]?.[2] ?? 0);
  if (lines.length === 0 || lines.length !== announced || lines.some((line, index) => Number(line[1]) !== index + 1))
    throw new ParseError(`llama-quantize reported ${lines.length} tensors of ${announced}: it ended early.`);
  const milliseconds = /total time = +([\d.]+) ms/.exec(text)?.[1];
  return finiteNumber(milliseconds, "The total time of llama-quantize") / 1000;
}
