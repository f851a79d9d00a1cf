import { total } from "../analysis/histogram.ts";
import { isolated } from "../analysis/zeroRuns.ts";
import { measured, type Measured, type Results } from "./load.ts";
import { rounded, table } from "./table.ts";
import { type ThesisNumber, thesisNumbers } from "./thesisNumbers.ts";

/** A number of the thesis beside ours. */
export interface ThesisRow extends ThesisNumber {
  /** Null for a cell that was not run. */
  ours: number | null;
  /** Ours against theirs, in percent. */
  difference: number | null;
}

/** Every number of the thesis beside ours. */
export function thesisRows(results: Results): ThesisRow[] {
  const cells = new Map(measured(results).map((result) => [result.cell.name, result]));
  return thesisNumbers.map((number) => {
    const result = cells.get(number.cell);
    const ours = result ? ourNumber(number, result) : null;
    return { ...number, ours, difference: ours === null ? null : 100 * (ours / number.value - 1) };
  });
}

/** thesis.csv: each number of the thesis beside ours. */
export const thesisTable = table({ file: "thesis.csv", version: 1, steps: ["count", "evaluate"] }, thesisRows, {
  where: ({ where }) => where,
  what: ({ what }) => what,
  cell: ({ cell }) => cell,
  quantity: ({ quantity }) => quantity,
  source: ({ source }) => source,
  thesis: ({ value }) => value,
  ours: ({ ours }) => rounded(ours, 4),
  difference_percent: ({ difference }) => rounded(difference, 3),
});

function ourNumber({ quantity }: ThesisNumber, { record }: Measured): number | null {
  if (quantity === "perplexity") return record.perplexity.ppl;
  if (quantity === "tokens per second") return record.tokensPerSecond;
  const runs = record.histogram?.zeroRuns ?? [];
  return total(runs) === 0 ? null : isolated(runs);
}
