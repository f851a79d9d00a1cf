import type { Cell } from "../study/types.ts";
import { measured, type Results } from "./load.ts";
import { bitsPerWeight } from "./sizes.ts";

/** A table: its columns, and its rows with a value for each. */
export interface Table {
  columns: readonly string[];
  rows: (string | number | null)[][];
}

/** A cell's scheme in words: `upstream`, `simple`, `own r2`, `own balanced`, or both for two base types. */
export function schemeName({ mode, radius, table }: Cell): string {
  if (mode !== "own") return mode;
  return ["own", ...(radius === undefined ? [] : [`r${radius}`]), ...(table ? [table.name] : [])].join(" ");
}

/** cells.csv: one row for each cell. */
export function cellRows({ cells }: Results): Table {
  const columns = [
    "cell", "type", "scheme", "decode", "container", "file_bytes", "bpw_file", "bpw_quantized", "ppl", "ppl_error", "nll",
    "chunks", "quantize_s", "perplexity_s", "tokens_per_s", "status",
  ];
  const rows = cells.map(({ cell, record, failure }) => {
    const what = [cell.name, cell.type, schemeName(cell), cell.decode, cell.container];
    if (!record) return [...what, ...Array<null>(10).fill(null), `failed: ${failure}`];
    const { file, tensors, perplexity, quantizeSeconds, perplexitySeconds, tokensPerSecond } = record;
    const bits = bitsPerWeight(file.bytes, tensors, cell.type);
    return [
      ...what, file.bytes, rounded(bits.file, 4), rounded(bits.quantized, 4),
      perplexity.ppl, perplexity.error, perplexity.nll, perplexity.chunks.length,
      rounded(quantizeSeconds, 3), rounded(perplexitySeconds, 3), rounded(tokensPerSecond, 1), "ok",
    ];
  });
  return { columns, rows };
}

/** codes.csv: the count of each code by tensor; tensor `*` is the whole model, by type. */
export function codeRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) => {
    const tensors = record.histogram?.tensors ?? [];
    const totals = new Map<string, { type: string; firstCode: number; counts: number[] }>();
    for (const { type, firstCode, counts } of tensors) {
      const total = totals.get(type) ?? { type, firstCode, counts: counts.map(() => 0) };
      total.counts = total.counts.map((count, index) => count + (counts[index] ?? 0));
      totals.set(type, total);
    }
    const whole = [...totals.values()].map((total) => ({ name: "*", ...total }));
    return [...whole, ...tensors].flatMap(({ name, type, firstCode, counts }) =>
      counts.map((count, index) => [cell.name, name, type, firstCode + index, count]),
    );
  });
  return { columns: ["cell", "tensor", "type", "code", "count"], rows };
}

/** zero_runs.csv: runs of zeros by length, 16 standing for 16 and more, over the whole model. */
export function zeroRunRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) => {
    const runs = record.histogram?.zeroRuns ?? [];
    const total = runs.reduce((sum, count) => sum + count, 0);
    return runs.map((count, index) => [cell.name, index === 15 ? "16+" : index + 1, count, total === 0 ? null : rounded(count / total, 6)]);
  });
  return { columns: ["cell", "length", "count", "share"], rows };
}

/** tensors.csv: the type of each tensor, and why it is not the cell's. */
export function tensorRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) =>
    record.tensors.map(({ name, shape, type, fallback }) => [cell.name, name, shape.join("x"), type, fallback]),
  );
  return { columns: ["cell", "tensor", "shape", "type", "fallback"], rows };
}

/** chunks.csv: mean negative log-likelihood of each chunk's tokens, in nats; chunks count from 1. */
export function chunkRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) =>
    record.perplexity.chunks.map((nll, index) => [cell.name, index + 1, nll]),
  );
  return { columns: ["cell", "chunk", "nll"], rows };
}

/** Rounded to so many decimals, null kept. */
export function rounded(value: number | null, decimals: number): number | null {
  return value === null ? null : Number(value.toFixed(decimals));
}
