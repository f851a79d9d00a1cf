import type { Results } from "./load.ts";
import { type Report, recordsOf } from "./report.ts";
import { allTables } from "./allTables.ts";
import { csv } from "./table.ts";

/** The tables of a results folder as CSV. */
export function tableReports(results: Results): Report[] {
  return allTables.map(({ file, version, steps, columns, sheet }) => ({
    name: file,
    kind: "table",
    basis: [version, columns, recordsOf(results, steps)],
    make: () => [{ name: file, content: csv(sheet(results)) }],
  }));
}
