import { readable } from "../figures/numbers.ts";

/** A column of a table on the page. */
export interface PageColumn {
  title: string;
  /** Whether it is sorted by number, and set to the right. */
  numeric: boolean;
  /** One line of explanation, which shows under the pointer. */
  hint?: string;
}

/** What a cell of a table says, and what it is sorted by; an empty `sort` stays last. */
export interface PageCell {
  text: string;
  sort: string;
}

/** A table on the page. */
export interface PageTable {
  columns: PageColumn[];
  rows: PageCell[][];
}

/** A cell with words. */
export function words(text: string | null): PageCell {
  return { text: text ?? "", sort: text ?? "" };
}

/** A cell with a number; empty for none. */
export function number(value: number | null | undefined, digits = 4): PageCell {
  return value === null || value === undefined || !Number.isFinite(value) ? { text: "", sort: "" } : { text: readable(value, digits), sort: String(value) };
}

/** A cell with a number and its standard error; sorted by the number. */
export function uncertain(measured: { value: number; error: number } | null | undefined, digits = 4): PageCell {
  if (!measured) return number(null);
  return { text: `${readable(measured.value, digits)} ± ${readable(measured.error, 2)}`, sort: String(measured.value) };
}
