/** Rows as lines of text with their columns aligned: to the right where `isNumeric` says so of a column's index, else to the left. */
export function alignedTable(rows: readonly (readonly string[])[], isNumeric: (column: number) => boolean): string {
  const widths = (rows[0] ?? []).map((_title, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const aligned = (text: string, column: number): string => (isNumeric(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0));
  return rows.map((row) => row.map(aligned).join("  ").trimEnd()).join("\n");
}
