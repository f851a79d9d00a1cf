import { InvalidArgumentError } from "commander";

/** Numbers that options may be, from the least to the most. */
export const limits = {
  /** ggml stops at more (GGML_MAX_N_THREADS). */
  threads: [1, 512],
  chunks: [1, 10_000_000],
  jobs: [1, 512],
  repeats: [1, 10_000],
  /** Minutes, to a month; 0 is never. */
  stallLimit: [0, 43_200],
} as const;

/** What reads an option's value. It throws InvalidArgumentError when that is no whole number within the limits. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Allowed: a whole number from ${least} to ${most}.`);
  };
}
