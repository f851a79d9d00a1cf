import type { Results } from "./load.ts";
import { cellRows } from "./rows.ts";

const headings = {
  cell: "cell", bpw_file: "bits/weight", ppl: "perplexity", ppl_error: "±", kld: "KL divergence", kld_error: "±", tokens_per_s: "tokens/s", status: "status",
} as const;

type Shown = keyof typeof headings;

/** The main table as aligned text, for the end of a sweep. */
export function summary(results: Results): string {
  const { columns, rows } = cellRows(results);
  const compared = results.cells.some(({ record }) => record?.divergence);
  const shown = (Object.keys(headings) as Shown[]).filter((name) => compared || !name.startsWith("kld"));
  const picked = rows.map((row) => shown.map((name) => cellText(name, row[columns.indexOf(name)] ?? null)));
  const lines = [shown.map((name) => headings[name] as string), ...picked];
  const widths = shown.map((_name, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) => line.map((text, column) => (column === 0 || column === shown.length - 1 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join("  ").trimEnd())
    .join("\n");
}

function cellText(name: Shown, value: string | number | null): string {
  if (typeof value !== "number") return value ?? "";
  if (name === "bpw_file") return value.toFixed(3);
  if (name.startsWith("kld")) return value < 1e-4 ? value.toExponential(1) : value.toFixed(5);
  if (name === "tokens_per_s") return value.toFixed(0);
  return name === "ppl" || name === "ppl_error" ? digits(value) : String(value);
}

function digits(value: number): string {
  const decimals = value >= 10_000 ? 0 : value >= 100 ? 1 : 4;
  return value.toFixed(decimals).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
}
