import { total } from "./histogram.ts";

/** Bins of a zero-run histogram: lengths 1 to 15, then 16 and more. */
export const zeroRunBins = 16;

/** Share of zero runs that have length 1, in percent: the thesis's "isolated" zeros. */
export function isolated(runs: readonly number[]): number {
  return (100 * (runs[0] ?? 0)) / total(runs);
}

/** Counts runs of one code in a stream that arrives in pieces; a run goes on over the borders of pieces. */
export interface ZeroRunCounter {
  /** Takes the next codes of the stream; those equal to `zero` form the runs. */
  push(codes: Int8Array, zero: number): void;
  /** The histogram, a run that is still open included: index i is length i + 1, the last 16 and more. */
  histogram(): number[];
}

/** A counter as the thesis counts (section 3.2): over the whole model, in storage order. */
export function countZeroRuns(): ZeroRunCounter {
  const bins = new Float64Array(zeroRunBins);
  let open = 0;

  return {
    push(codes, zero) {
      let run = open;
      for (let index = 0; index < codes.length; index++) {
        if (codes[index] === zero) run++;
        else if (run > 0) {
          const bin = Math.min(run, zeroRunBins) - 1;
          bins[bin]!++;
          run = 0;
        }
      }
      open = run;
    },
    histogram() {
      const result = [...bins];
      if (open > 0) result[Math.min(open, zeroRunBins) - 1]!++;
      return result;
    },
  };
}
