import { alignedTable } from "../alignedTable.ts";
import type { Value } from "../steps/step.ts";
import { baselineOf } from "./baseline.ts";
import { cellColumn, shownColumns, shownValue } from "./cellColumns.ts";
import type { Results } from "./load.ts";

/** The main table as aligned text, for the end of a sweep; columns without a single value are left out. */
export function summary(results: Results): string {
  const original = baselineOf(results);
  const columns = shownColumns
    .flatMap(({ shown: { terminal, ...shown }, ...column }) => terminal === undefined ? [] : [
      { heading: shown.heading, column: { ...column, shown }, format: terminal },
      ...(shown.error === undefined ? [] : [{ heading: "±", column: cellColumn(shown.error), format: terminal }]),
    ])
    .map(({ heading, column, format }) => ({ heading, format, texts: results.cells.map((cell) => text(shownValue(column, cell, original), format)) }))
    .filter(({ texts }) => texts.some((one) => one !== ""));
  const lines = results.cells.map((_cell, row) => columns.map(({ texts }) => texts[row]!));
  return alignedTable([columns.map(({ heading }) => heading), ...lines], (column) => columns[column]!.format !== "words");
}

function text(value: Value, format: number | "words"): string {
  return typeof value === "number" && format !== "words" ? digits(value, format) : String(value ?? "");
}

/** So many decimals: fewer of large numbers, a power of ten for those that they cannot tell from zero. */
function digits(value: number, decimals: number): string {
  if (decimals === 0) return value.toFixed(0);
  if (value === 0) return "0";
  if (Math.abs(value) < 10 ** (1 - decimals)) return value.toExponential(1);
  return value.toFixed(value >= 10_000 ? 0 : value >= 100 ? 1 : decimals).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
}
