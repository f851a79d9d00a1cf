import { z } from "zod";
import { ParseError } from "../errors.ts";

const entrySchema = z.object({
  model_filename: z.string(),
  model_type: z.string(),
  model_size: z.number().positive(),
  model_n_params: z.number().positive(),
  n_threads: z.number().int().positive(),
  n_prompt: z.number().int().nonnegative(),
  n_gen: z.number().int().nonnegative(),
  avg_ts: z.number().positive(),
  stddev_ts: z.number().nonnegative(),
  samples_ts: z.array(z.number().positive()).min(1),
});

/** One measurement of llama-bench. */
export interface Bench {
  model: string;
  modelType: string;
  modelBytes: number;
  parameters: number;
  threads: number;
  promptTokens: number;
  generatedTokens: number;
  /** Tokens per second: mean, deviation, and each repetition. */
  tokensPerSecond: number;
  deviation: number;
  samples: number[];
}

/**
 * Reads what `llama-bench -o json` wrote on its standard output.
 * @throws ParseError when it is not JSON, is empty, or an entry lacks a positive speed
 * Source: `json_printer` in upstream's tools/llama-bench/llama-bench.cpp.
 */
export function parseBench(stdout: string): Bench[] {
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch (error) {
    throw new ParseError(`llama-bench did not write JSON: ${(error as Error).message}.`);
  }
  const parsed = z.array(entrySchema).min(1).safeParse(json);
  if (!parsed.success) throw new ParseError(`llama-bench wrote JSON that lacks results: ${z.prettifyError(parsed.error)}`);
  return parsed.data.map((entry) => ({
    model: entry.model_filename,
    modelType: entry.model_type,
    modelBytes: entry.model_size,
    parameters: entry.model_n_params,
    threads: entry.n_threads,
    promptTokens: entry.n_prompt,
    generatedTokens: entry.n_gen,
    tokensPerSecond: entry.avg_ts,
    deviation: entry.stddev_ts,
    samples: entry.samples_ts,
  }));
}
