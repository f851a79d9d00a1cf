import { quantizationTables, testTable } from "./answerTables.ts";
import { cellTable, chunkTable, codeTable, tensorTable, zeroRunTable } from "./cellTables.ts";
import { compressionTable, radiusTable } from "./compressionTables.ts";
import type { Results } from "./load.ts";
import { type Report, recordsOf } from "./report.ts";
import { csv, type Table } from "./table.ts";
import { thesisTable } from "./thesisTable.ts";

/** Every table that a results folder always has. */
export const tables: readonly Table[] = [
  cellTable, codeTable, zeroRunTable, tensorTable, chunkTable, compressionTable, radiusTable, quantizationTables, testTable, thesisTable,
];

/** The tables of a results folder as CSV. */
export function tableReports(results: Results): Report[] {
  return tables.map(({ file, version, steps, columns, sheet }) => ({
    name: file,
    kind: "table",
    basis: [version, columns, recordsOf(results, steps)],
    make: () => [{ name: file, content: csv(sheet(results)) }],
  }));
}
