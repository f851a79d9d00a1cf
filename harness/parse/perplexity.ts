import { mean } from "simple-statistics";
import { ParseError } from "../errors.ts";
import { chunkValues, runningValues } from "./chunks.ts";
import { endsEarly } from "./errorLine.ts";
import { bothStreams, finiteNumber, numberPattern, printedNumber } from "./numbers.ts";
import type { Output, PrintedNumber } from "./numbers.ts";

/** What llama-perplexity found. */
export interface Perplexity {
  /** Final estimate, four decimals as printed. */
  ppl: number;
  /** Its standard error as printed. */
  pplError: number;
  /** Mean negative log-likelihood of a token in nats: of the chunks when they are exact, else ln of `ppl`. */
  nll: number;
  /** Mean NLL of each chunk alone, in nats; undefined from a binary without the base patches. */
  chunkNll: number[] | undefined;
  /** Tokens per second between start and final estimate, by the log's time stamps; undefined without them. */
  tokensPerSecond: number | undefined;
  /** As printed: estimate, its error, and the estimate after each chunk. */
  printed: { ppl: PrintedNumber; error: PrintedNumber; running: PrintedNumber[] };
}

/** What is known of a run before it ends. */
export interface PerplexityPlan {
  chunks: number;
  contextTokens: number;
}

/** How many chunks the program set out to compute, from its log; undefined until it has said so. */
export function perplexityPlan(text: string): PerplexityPlan | undefined {
  const found = /(?:calculating perplexity|computing) over (\d+) chunks, n_ctx=(\d+)/.exec(text);
  return found ? { chunks: Number(found[1]), contextTokens: Number(found[2]) } : undefined;
}

/** Seconds after the program's start at which it began to compute, by its log's time stamps; undefined without them. */
export function beginningStamp(text: string): number | undefined {
  return stampOf(text, "(?:calculating perplexity|computing) over");
}

/** Explains an output without result, when the program said why. */
function reasonOf(text: string): string {
  const few = /the data file you provided tokenizes to only (\d+) tokens/.exec(text);
  if (few) return `The text has only ${few[1]} tokens, fewer than two contexts. Use a longer text or a smaller context.`;
  if (/Unexpected negative standard deviation/.test(text)) return "The variance of the likelihoods is not positive, so there is no final estimate.";
  if (/failed to decode/.test(text)) return "The model failed to evaluate a batch.";
  return endsEarly(text);
}

/** Seconds since the program's start of the log line in which `pattern` is found (`min.sec.ms.us I …`). */
function stampOf(text: string, pattern: string): number | undefined {
  const stamp = new RegExp(String.raw`\b(\d{1,9})\.(\d\d)\.(\d{3})\.(\d{3}) [A-Z] (?:\w+: )?${pattern}`).exec(text);
  if (!stamp) return undefined;
  const [minutes, seconds, milliseconds, microseconds] = stamp.slice(1).map(Number) as [number, number, number, number];
  return minutes * 60 + seconds + milliseconds / 1e3 + microseconds / 1e6;
}

/**
 * Reads what llama-perplexity wrote. Its exit code proves nothing, so a result counts only with exactly
 * one finite final estimate and the expected number of finite chunks.
 * @param expectedChunks chunks that must be there; as many as the program announced when absent
 * @param firstChunk the first of them in the text, counted from 0
 * @throws ParseError saying what is missing, doubled, or not finite
 * Source: `perplexity` in upstream's tools/perplexity/perplexity.cpp, output type 0.
 */
export function parsePerplexity(output: Output, expectedChunks?: number, firstChunk = 0): Perplexity {
  const text = bothStreams(output);
  const plan = perplexityPlan(text);
  if (!plan) throw new ParseError(`llama-perplexity gave no result. ${reasonOf(text)}`);
  if (expectedChunks !== undefined && plan.chunks !== expectedChunks)
    throw new ParseError(`llama-perplexity computes ${plan.chunks} chunks, expected ${expectedChunks}: the text is shorter than that.`);
  const finals = [...text.matchAll(new RegExp(String.raw`Final estimate: PPL = (${numberPattern}|\S+) \+/- (${numberPattern}|\S+)`, "g"))];
  if (finals.length !== 1) throw new ParseError(`llama-perplexity gave ${finals.length} final estimates, expected one. ${finals.length === 0 ? reasonOf(text) : ""}`.trim());
  const [, ppl, error] = finals[0]!;
  const range = { first: firstChunk, count: plan.chunks };
  const running = runningValues(text, range);
  const chunkNll = chunkValues(text, "nll", range);
  const result = { ppl: finiteNumber(ppl, "The final perplexity"), pplError: finiteNumber(error, "The error of the final perplexity") };
  const tokens = plan.chunks * plan.contextTokens;
  const start = beginningStamp(text);
  const end = stampOf(text, "Final estimate");
  return {
    ...result,
    nll: chunkNll ? mean(chunkNll) : Math.log(result.ppl),
    chunkNll,
    tokensPerSecond: start !== undefined && end !== undefined && end > start ? tokens / (end - start) : undefined,
    printed: { ppl: printedNumber(ppl!), error: printedNumber(error!), running },
  };
}
