import { canonicalJson, hashText } from "../hash.ts";
import type { CellResult, Results } from "./load.ts";

/** A file that people read. */
export interface ReportFile {
  /** Its path in the results folder. */
  name: string;
  content: string | Buffer;
}

/** Something that people read: a table, a figure, the page. */
export interface Report {
  /** Its name among the reports of a results folder. */
  name: string;
  kind: "table" | "histogram" | "figure" | "file";
  /** Everything that decides what its files hold, its own version with it: hashed to its key. */
  basis: readonly unknown[];
  /** Its files; none when what it is made of is gone. */
  make(): Promise<ReportFile[]> | ReportFile[];
}

/** A report's key: it is written again when that changes. */
export function reportKey({ name, basis }: Report): string {
  return hashText(canonicalJson([name, ...basis]));
}

const cellHashes = new WeakMap<CellResult, string>();

/** What a study asked of a cell, as a hash: a fitted table is long. */
function cellHash(result: CellResult): string {
  const hash = cellHashes.get(result) ?? hashText(canonicalJson(result.cell));
  cellHashes.set(result, hash);
  return hash;
}

/**
 * All that reports of these steps can follow from.
 *
 * @param steps names of the steps whose records are shown
 */
export function recordsOf(results: Results, steps: readonly string[]): unknown[] {
  return results.cells.map((result) => [cellHash(result), result.failure, result.record && steps.map((step) => result.record!.checksums.get(step) ?? null)]);
}
