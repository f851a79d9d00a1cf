import { ParseError } from "../errors.ts";
import { finiteNumber, numberPattern } from "./numbers.ts";

/**
 * Values that a program prints chunk by chunk, in order.
 * @param text where to look; nothing is assumed about the beginning of lines
 * @param pattern global; first group the chunk's number from 1, second its value
 * @param expected how many chunks there must be
 * @param what names the value in messages, such as "perplexity"
 * @throws ParseError when a chunk is missing, out of order, doubled, or its value is not finite
 */
function numberedValues(text: string, pattern: RegExp, expected: number, what: string): number[] {
  const values = Array.from(text.matchAll(pattern), ([, chunk, value], index) => {
    if (Number(chunk) !== index + 1) throw new ParseError(`llama-perplexity printed the ${what} of chunk ${chunk} where that of chunk ${index + 1} belongs.`);
    return finiteNumber(value, `The ${what} of chunk ${chunk} of ${expected}`);
  });
  if (values.length !== expected) throw new ParseError(`llama-perplexity printed the ${what} of ${values.length} chunks, expected ${expected}.`);
  return values;
}

/** Checks the running perplexity after each chunk: `[1]4.1234,[2]…`. @throws ParseError see {@link numberedValues} */
export function checkRunning(text: string, expected: number): void {
  numberedValues(text, new RegExp(String.raw`\[(\d+)\](${numberPattern}),`, "g"), expected, "perplexity");
}

/**
 * Exact values of each chunk alone, from lines `chunk 1 nll 2.58…` that the base patches add;
 * undefined when there is no such line, as from an unpatched binary.
 * @param quantity "nll", mean negative log-likelihood, or "kld", mean divergence, both in nats
 */
export function chunkValues(text: string, quantity: "nll" | "kld", expected: number): number[] | undefined {
  const pattern = new RegExp(String.raw`\bchunk (\d+) ${quantity} (${numberPattern}|\S+)`, "g");
  return text.search(pattern) < 0 ? undefined : numberedValues(text, pattern, expected, quantity);
}

/** How many chunks of the text were done last, by the lines seen so far; for showing progress. */
export function chunksDone(line: string): number | undefined {
  const done = [...line.matchAll(/(?:\[(\d+)\](?=[-\d]|nan)|\bchunk (\d+) )/g)].at(-1);
  return done ? Number(done[1] ?? done[2]) : undefined;
}
