import { stringify } from "csv-stringify/sync";
import type { Value } from "../steps/step.ts";
import type { Results } from "./load.ts";

/** What a table holds: names of its columns, and rows with a value for each. */
export interface Sheet {
  columns: readonly string[];
  rows: Value[][];
}

/** A table of a results folder. */
export interface Table {
  /** Name of its file. */
  file: string;
  /** Raised whenever the same records give other rows. */
  version: number;
  /** The steps whose records its rows are made of. */
  steps: readonly string[];
  /** Every column that it can have. */
  columns: readonly string[];
  sheet(results: Results): Sheet;
}

/**
 * A table by its columns, each a name with what it says of a row.
 *
 * @param rows what the rows are about, in their order
 */
export function table<Row>(
  about: Pick<Table, "file" | "version" | "steps">,
  rows: (results: Results) => readonly Row[],
  columns: Readonly<Record<string, (row: Row) => Value>>,
): Table {
  const names = Object.keys(columns);
  const values = Object.values(columns);
  return { ...about, columns: names, sheet: (results) => ({ columns: names, rows: rows(results).map((row) => values.map((value) => value(row))) }) };
}

/** A table as CSV (RFC 4180 with line feeds), its first line the columns. */
export function csv({ columns, rows }: Sheet): string {
  return stringify([[...columns], ...rows]);
}

/** Rounded to so many decimals; null for none. */
export function rounded(value: number | null | undefined, decimals: number): number | null {
  return value === null || value === undefined ? null : Number(value.toFixed(decimals));
}
