import { quantizationTables, testTable } from "./answerTables.ts";
import { cellTable, chunkTable, codeTable, tensorTable, zeroRunTable } from "./cellTables.ts";
import { fourBitTable } from "./fourBits.ts";
import { compressionTable, radiusTable } from "./compressionTables.ts";
import { thesisTable } from "./thesisTable.ts";
import type { Table } from "./table.ts";

/** Every table that a results folder always has. */
export const allTables: readonly Table[] = [
  cellTable, codeTable, zeroRunTable, tensorTable, chunkTable, compressionTable, radiusTable, quantizationTables, testTable, fourBitTable, thesisTable,
];
