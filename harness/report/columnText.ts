import { alignedTable } from "../alignedTable.ts";
import { cellColumns } from "./cellColumns.ts";

/** Every column of cells.csv explained, as text for a terminal. */
export function columnText(): string {
  const rows = cellColumns.map(({ name, unit, better, says }) => [name, unit, better ?? "", says]);
  return alignedTable([["column", "unit", "better", "what it says"], ...rows], () => false);
}
