import type { Results } from "./load.ts";
import { cellRows } from "./rows.ts";

const shown = ["cell", "bpw_file", "ppl", "ppl_error", "tokens_per_s", "status"] as const;

/** The main table as aligned text, for the end of a sweep. */
export function summary(results: Results): string {
  const { columns, rows } = cellRows(results);
  const picked = rows.map((row) => shown.map((name) => cellText(name, row[columns.indexOf(name)] ?? null)));
  const lines = [["cell", "bits/weight", "perplexity", "±", "tokens/s", "status"], ...picked];
  const widths = shown.map((_name, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) => line.map((text, column) => (column === 0 || column === shown.length - 1 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join("  ").trimEnd())
    .join("\n");
}

function cellText(name: (typeof shown)[number], value: string | number | null): string {
  if (typeof value !== "number") return value ?? "";
  if (name === "bpw_file") return value.toFixed(3);
  if (name === "tokens_per_s") return value.toFixed(0);
  return name === "ppl" || name === "ppl_error" ? digits(value) : String(value);
}

function digits(value: number): string {
  const decimals = value >= 10_000 ? 0 : value >= 100 ? 1 : 4;
  return value.toFixed(decimals).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
}
