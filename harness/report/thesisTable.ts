import { total } from "../analysis/histogram.ts";
import { isolated } from "../analysis/zeroRuns.ts";
import { measured, type Measured, type Results } from "./load.ts";
import { rounded, table } from "./table.ts";
import { sotu, type ThesisNumber, thesisNumbers } from "./thesisNumbers.ts";

/** A number of the thesis beside ours. */
export interface ThesisRow extends ThesisNumber {
  /** Null for a cell that was not run, or not on what theirs is of. */
  ours: number | null;
  /** Ours against theirs, in percent; null of speeds, which are of other machines and models. */
  difference: number | null;
}

/** Every number of the thesis beside ours. */
export function thesisRows(results: Results): ThesisRow[] {
  const cells = new Map(measured(results).map((result) => [result.cell.name, result]));
  return thesisNumbers.map((number) => {
    const result = cells.get(number.cell);
    const ours = result && isOfTheSame(number, results) ? ourNumber(number, result) : null;
    return { ...number, ours, difference: ours === null || number.quantity === "tokens per second" ? null : 100 * (ours / number.value - 1) };
  });
}

/** Whether results can be held against a number: those of the demo model are of it alone, perplexities of all of its text. */
function isOfTheSame({ where, quantity }: ThesisNumber, { plan: { model, text, parameters } }: Results): boolean {
  if (where !== sotu.where) return true;
  const isWhole = text.sha256 === sotu.text && parameters.context === sotu.context && parameters.chunks === null;
  return model.sha256 === sotu.model && (quantity !== "perplexity" || isWhole);
}

/** thesis.csv: each number of the thesis beside ours. */
export const thesisTable = table({ file: "thesis.csv", version: 2, steps: ["count", "evaluate"] }, thesisRows, {
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
