import { ParseError } from "../errors.ts";
import { finiteNumber, numberPattern, printedNumber } from "./numbers.ts";
import type { PrintedNumber } from "./numbers.ts";

/** The chunks of a text that a run evaluates. */
export interface ChunkRange {
  /** The first of them, counted from 0. */
  first: number;
  /** How many there are. */
  count: number;
}

/**
 * Values that a program prints chunk by chunk, in order, each a finite number.
 * @param text where to look; nothing is assumed about the beginning of lines
 * @param pattern global; first group the chunk's number from 1 in the whole text, second its value
 * @param range the chunks that must be there
 * @param what names the value in messages, such as "perplexity"
 * @throws ParseError when a chunk is missing, out of order, doubled, or its value is not finite
 */
function numberedValues(text: string, pattern: RegExp, { first, count }: ChunkRange, what: string): string[] {
  const values = Array.from(text.matchAll(pattern), ([, chunk, value], index) => {
    const due = first + index + 1;
    if (Number(chunk) !== due) throw new ParseError(`llama-perplexity printed the ${what} of chunk ${chunk} where that of chunk ${due} belongs.`);
    finiteNumber(value, `The ${what} of chunk ${chunk} of ${first + count}`);
    return value!;
  });
  if (values.length !== count) throw new ParseError(`llama-perplexity printed the ${what} of ${values.length} chunks, expected ${count}.`);
  return values;
}

/** The running perplexity after each chunk: `[1]4.1234,[2]…`. @throws ParseError see {@link numberedValues} */
export function runningValues(text: string, range: ChunkRange): PrintedNumber[] {
  return numberedValues(text, new RegExp(String.raw`\[(\d+)\](${numberPattern}),`, "g"), range, "perplexity").map(printedNumber);
}

/**
 * Exact values of each chunk alone, from lines `chunk 1 nll 2.58…` that the base patches add;
 * undefined when there is no such line, as from an unpatched binary.
 * @param quantity "nll", mean negative log-likelihood, or "kld", mean divergence, both in nats
 */
export function chunkValues(text: string, quantity: "nll" | "kld", range: ChunkRange): number[] | undefined {
  const pattern = new RegExp(String.raw`\bchunk (\d+) ${quantity} (${numberPattern}|\S+)`, "g");
  return text.search(pattern) < 0 ? undefined : numberedValues(text, pattern, range, quantity).map(Number);
}

/** How many chunks of the text were done last, by the lines seen so far; for showing progress. */
export function chunksDone(line: string): number | undefined {
  const done = [...line.matchAll(/(?:\[(\d+)\](?=[-\d]|nan)|\bchunk (\d+) )/g)].at(-1);
  return done ? Number(done[1] ?? done[2]) : undefined;
}
