import { z } from "zod";
import { ParseError } from "../errors.ts";

const entrySchema = z.object({
  n_prompt: z.number().int().nonnegative(),
  n_gen: z.number().int().nonnegative(),
  samples_ts: z.array(z.number().positive()).min(1),
});

/** One measurement of llama-bench. */
export interface Bench {
  promptTokens: number;
  generatedTokens: number;
  /** Of each repetition. */
  tokensPerSecond: number[];
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
    promptTokens: entry.n_prompt,
    generatedTokens: entry.n_gen,
    tokensPerSecond: entry.samples_ts,
  }));
}
