import type { RateOf } from "../store/rates.ts";

/** What the time of tables, figures and page is remembered by. */
export function reportRate(cells: number): RateOf {
  return { of: "report", kind: "", work: cells, threads: 1 };
}
