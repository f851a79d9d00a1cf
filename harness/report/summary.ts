import { alignedTable } from "../alignedTable.ts";
import type { Results } from "./load.ts";
import { cellRows } from "./rows.ts";

const headings = {
  cell: "cell", bpw_quantized: "bits/weight", ppl: "perplexity", ppl_error: "±", kld: "KL divergence", kld_error: "±", tokens_per_s: "tokens/s", status: "status",
} as const;

type Shown = keyof typeof headings;

/** The main table as aligned text, for the end of a sweep. */
export function summary(results: Results): string {
  const { columns, rows } = cellRows(results);
  const compared = results.cells.some(({ record }) => record?.divergence);
  const shown = (Object.keys(headings) as Shown[]).filter((name) => compared || !name.startsWith("kld"));
  const picked = rows.map((row) => {
    const value = (name: string): string | number | null => row[columns.indexOf(name)] ?? null;
    // A file in which nothing is quantized is shown by its whole size, as on the page.
    return shown.map((name) => cellText(name, value(name) ?? (name === "bpw_quantized" ? value("bpw_file") : null)));
  });
  return alignedTable([shown.map((name) => headings[name]), ...picked], (column) => column > 0 && column < shown.length - 1);
}

function cellText(name: Shown, value: string | number | null): string {
  if (typeof value !== "number") return value ?? "";
  if (name === "bpw_quantized") return value.toFixed(2);
  if (name.startsWith("kld")) return value < 1e-4 ? value.toExponential(1) : value.toFixed(5);
  if (name === "tokens_per_s") return value.toFixed(0);
  return name === "ppl" || name === "ppl_error" ? digits(value) : String(value);
}

function digits(value: number): string {
  const decimals = value >= 10_000 ? 0 : value >= 100 ? 1 : 4;
  return value.toFixed(decimals).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
}
