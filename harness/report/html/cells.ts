import { baselineOf } from "../baseline.ts";
import { cellColumn, type ShownColumn, shownColumns, shownValue, statusOk } from "../cellColumns.ts";
import type { CellResult, Measured, Results } from "../load.ts";
import { number, type PageCell, type PageTable, uncertain, words } from "./columns.ts";

/** The main table: every cell that was run, failed ones included; columns that say nothing of any are left out. */
export function cellsTable(results: Results): PageTable {
  const original = baselineOf(results);
  const used = shownColumns
    .filter(({ shown }) => shown.page !== undefined)
    .map((column) => ({ column, cells: results.cells.map((result) => pageCell(column, result, original)) }))
    .filter(({ cells }) => cells.some(({ text }) => text !== "" && text !== statusOk));
  return {
    columns: used.map(({ column }) => ({ title: column.shown.heading, numeric: column.shown.page !== "words", hint: hintOf(column) })),
    rows: results.cells.map((_result, row) => used.map(({ cells }) => cells[row]!)),
  };
}

function pageCell(column: ShownColumn, result: CellResult, original: Measured | null): PageCell {
  const { page, error } = column.shown;
  const value = shownValue(column, result, original);
  if (typeof value !== "number" || page === "words") return words(value === null ? null : String(value));
  const uncertainty = error === undefined ? null : shownValue(cellColumn(error), result, original);
  return typeof uncertainty === "number" ? uncertain({ value, error: uncertainty }, page) : number(value, page);
}

/** A column explained: what it is, and which way is better. */
function hintOf({ says, better }: ShownColumn): string {
  return better === null ? says : `${says}; ${better} is better`;
}
