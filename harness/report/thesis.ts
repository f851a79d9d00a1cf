import { total } from "../analysis/histogram.ts";
import { isolated } from "../analysis/zeroRuns.ts";
import { measured, type Measured, type Results } from "./load.ts";
import { rounded, type Table } from "./rows.ts";
import { type ThesisNumber, thesisNumbers } from "./thesisNumbers.ts";

/**
 * thesis.csv: each number of the thesis beside ours; `ours` is empty for a cell that was not run.
 * `difference_percent` is ours against theirs.
 */
export function thesisRows(results: Results): Table {
  const cells = new Map(measured(results).map((result) => [result.cell.name, result]));
  const rows = thesisNumbers.map((number) => {
    const result = cells.get(number.cell);
    const ours = result ? ourNumber(number, result) : null;
    const difference = ours === null ? null : 100 * (ours / number.value - 1);
    return [number.where, number.what, number.cell, number.quantity, number.source, number.value, rounded(ours, 4), rounded(difference, 3)];
  });
  return { columns: ["where", "what", "cell", "quantity", "source", "thesis", "ours", "difference_percent"], rows };
}

function ourNumber({ quantity }: ThesisNumber, { record }: Measured): number | null {
  if (quantity === "perplexity") return record.perplexity.ppl;
  if (quantity === "tokens per second") return record.tokensPerSecond;
  const runs = record.histogram?.zeroRuns ?? [];
  return total(runs) === 0 ? null : isolated(runs);
}
