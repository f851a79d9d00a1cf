import type { Results } from "../load.ts";
import type { FigureCell, FigureData } from "../figures/data.ts";
import { schemeName } from "../cellColumns.ts";
import { number, type PageCell, type PageColumn, type PageTable, uncertain, words } from "./columns.ts";

interface Column extends PageColumn {
  of(cell: FigureCell): PageCell;
}

const columns: readonly Column[] = [
  { title: "bits/weight", numeric: true, of: ({ bits }) => number(bits, 3) },
  { title: "perplexity", numeric: true, of: ({ perplexity }) => uncertain(perplexity) },
  { title: "KL divergence", numeric: true, of: ({ divergence }) => uncertain(divergence, 3) },
  { title: "same top token, %", numeric: true, of: ({ divergence }) => number(divergence?.sameTop, 4) },
  { title: "entropy, bits/code", numeric: true, of: ({ entropy }) => number(entropy, 3) },
  { title: "weight error, %", numeric: true, of: ({ weightError }) => number(weightError, 3) },
  { title: "tokens/s", numeric: true, of: ({ record }) => number(record.tokensPerSecond, 3) },
  { title: "scheme", numeric: false, of: ({ cell }) => words([`${cell.type} ${schemeName(cell)}`, ...(cell.decode === "exact" ? [] : [cell.decode])].join(", ")) },
];

/** The main table: every cell that was run, failed ones included; columns without a single value are left out. */
export function cellsTable({ cells: results }: Results, { cells }: FigureData): PageTable {
  const byName = new Map(cells.map((cell) => [cell.name, cell]));
  const used = columns.filter((column) => cells.some((cell) => column.of(cell).text !== ""));
  const anyFailed = results.some(({ failure }) => failure !== null);
  return {
    columns: [{ title: "cell", numeric: false }, ...used.map(({ title, numeric }) => ({ title, numeric })), ...(anyFailed ? [{ title: "status", numeric: false }] : [])],
    rows: results.map(({ cell: { name }, failure }) => {
      const cell = byName.get(name);
      const values = used.map((column) => (cell ? column.of(cell) : words(null)));
      return [words(name), ...values, ...(anyFailed ? [words(failure === null ? "ok" : `failed: ${failure}`)] : [])];
    }),
  };
}
