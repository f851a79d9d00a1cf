import { ParseError } from "../errors.ts";
import { bothStreams, finiteNumber } from "./numbers.ts";
import type { Output } from "./numbers.ts";

/** One tensor as llama-quantize reports it. */
export interface QuantizedTensor {
  name: string;
  /** Row length first; always four numbers. */
  shape: number[];
  /** Types in upper case, before and after; equal when the tensor was copied. */
  from: string;
  to: string;
}

/** What llama-quantize reports. */
export interface Quantization {
  tensors: QuantizedTensor[];
  /** Tensors whose shape did not fit the type asked for, and the type they got instead, in upper case. */
  fallbacks: { name: string; wanted: string; used: string }[];
  /** Seconds that the program took in all. */
  seconds: number;
}

const tensorLine = /\[ *(\d+)\/ *(\d+)\] +(\S+) +- \[([\d, ]+)\], type = +(\S+), (?:[^\n]*?converting to (\S+) \.\.)?/g;
const fallbackLine = /warning: (\S+) +- ncols +\d+ not divisible by +\d+ \(required for type +(\S+)\) (?:\([^)]*\) )?-> falling back to +(\S+)/g;

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
    tensors: lines.map(([, , , name, shape, from, to]) => ({
      name: name!,
      shape: shape!.split(",").map(Number),
      from: from!.toUpperCase(),
      to: (to ?? from!).toUpperCase(),
    })),
    fallbacks: Array.from(text.matchAll(fallbackLine), ([, name, wanted, used]) => ({ name: name!, wanted: wanted!.toUpperCase(), used: used!.toUpperCase() })),
    seconds: finiteNumber(milliseconds, "The total time of llama-quantize") / 1000,
  };
}
