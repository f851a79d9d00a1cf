import { ParseError } from "../errors.ts";

/** What a process wrote. */
export interface Output {
  stdout: string;
  stderr: string;
}

/** A number as C's printf writes it, also when it is not one. */
export const numberPattern = String.raw`[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|nan|inf)(?:\(\w*\))?`;

/**
 * The finite number that `text` is.
 * @param what names the number in the message, such as "the final perplexity"
 * @throws ParseError when it is nan, infinite, or no number
 */
export function finiteNumber(text: string | undefined, what: string): number {
  const value = text === undefined || text === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new ParseError(`${what} is ${text ?? "missing"}, not a finite number.`);
  return value;
}

/** A number and how exactly it was printed. */
export interface PrintedNumber {
  /** May be nan or infinite. */
  value: number;
  /** Half a unit of the last digit printed. */
  halfUnit: number;
  /** As it was printed. */
  text: string;
}

/** A number that was printed with a fixed count of decimals. */
export function printedNumber(text: string): PrintedNumber {
  const decimals = text.split(".")[1]?.length ?? 0;
  return { value: Number(text), halfUnit: 0.5 * 10 ** -decimals, text };
}

/** A measured value and its standard error, as llama.cpp prints them. */
export interface Measured {
  value: number;
  error: number;
}

/** The two streams of a program as one text: which of them a line goes to differs between releases. */
export function bothStreams({ stdout, stderr }: Output): string {
  return `${stdout}\n${stderr}`;
}
