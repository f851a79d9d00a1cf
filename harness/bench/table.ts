import { alignedTable } from "../alignedTable.ts";
import type { Distribution, Ratio } from "./ratios.ts";
import { measures } from "./rows.ts";

/**
 * The table as aligned text, a line for each row. The interval holds the true median in 95 of 100 cases
 * or more; a question mark says that it lies on both sides of what is wanted, or that there are too few
 * pairs for one.
 */
export function ratioTable(ratios: readonly Ratio[]): string {
  const head = ["model", "what", "patched", "upstream", "unit", "ratio", "quartiles", "median's 95 %", "wanted", "holds?", "thrown away"];
  return alignedTable([head, ...ratios.map(cells)], (column) => ["patched", "upstream", "ratio", "thrown away"].includes(head[column]!));
}

function cells({ model, row, patched, upstream, ratio, interval, holds, decided, thrownAway }: Ratio): string[] {
  const { unit, decimals } = measures[row.measure];
  const median = (values: Distribution | null): string => values?.median.toFixed(decimals) ?? "";
  return [
    model, row.name, median(patched), median(upstream), unit,
    ratio?.median.toFixed(3) ?? "", range(ratio?.lowerQuartile, ratio?.upperQuartile), range(interval?.low, interval?.high),
    wantedText(row.wanted), verdict(holds, decided), String(thrownAway),
  ];
}

function range(low: number | undefined, high: number | undefined): string {
  return low === undefined || high === undefined ? "" : `${low.toFixed(3)}…${high.toFixed(3)}`;
}

function verdict(holds: boolean | null, decided: boolean | null): string {
  if (decided === null) return "–";
  return `${holds === null ? "" : holds ? "yes" : "NO"}${decided ? "" : "?"}`;
}

/** What a row wants, in signs. */
export function wantedText(wanted: Ratio["row"]["wanted"]): string {
  if (wanted.atLeast === undefined && wanted.atMost === undefined) return "–";
  const bound = wanted.atLeast === undefined ? `≤ ${wanted.atMost}` : `≥ ${wanted.atLeast}`;
  return wanted.of === "value" ? `patched ${bound}` : bound;
}
