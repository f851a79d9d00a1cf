import { totalCounts } from "../analysis/histogram.ts";
import { baselineOf } from "./baseline.ts";
import { cellColumns } from "./cellColumns.ts";
import { measured, type Results } from "./load.ts";

/** A table: its columns, and its rows with a value for each. */
export interface Table {
  columns: readonly string[];
  rows: (string | number | null)[][];
}

/** cells.csv: one row for each cell. */
export function cellRows(results: Results): Table {
  const original = baselineOf(results);
  return {
    columns: cellColumns.map(({ name }) => name),
    rows: results.cells.map((result) => cellColumns.map((column) => column.of(result, original))),
  };
}

/** codes.csv: the count of each code by tensor; tensor `*` is the whole model, by type. */
export function codeRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) => {
    const tensors = record.histogram?.tensors ?? [];
    const whole = [...new Set(tensors.map(({ type }) => type))].map((type) => {
      const own = tensors.filter((tensor) => tensor.type === type);
      return { ...own[0]!, name: "*", counts: totalCounts(own) };
    });
    return [...whole, ...tensors].flatMap(({ name, type, firstCode, counts }) =>
      counts.map((count, index) => [cell.name, name, type, firstCode + index, count]),
    );
  });
  return { columns: ["cell", "tensor", "type", "code", "count"], rows };
}

/**
 * zero_runs.csv: runs of zeros by length, 16 standing for 16 and more, over the whole model: of the code that is
 * stored as 0, as the thesis counts (`count`); of the signed code 0, which upstream's Q4_0 stores as 8
 * (`zero_weight_count`); and as many as independent codes of the same frequencies would have (`expected`).
 */
export function zeroRunRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) => {
    const runs = record.histogram?.zeroRuns ?? [];
    const total = runs.reduce((sum, count) => sum + count, 0);
    const compared = record.compression?.zeroRuns;
    return runs.map((count, index) => [
      cell.name, index === 15 ? "16+" : index + 1, count, total === 0 ? null : rounded(count / total, 6),
      compared?.measured[index] ?? null, rounded(compared?.expected[index] ?? null, 3),
    ]);
  });
  return { columns: ["cell", "length", "count", "share", "zero_weight_count", "expected"], rows };
}

/** tensors.csv: the type of each tensor, why it is not the cell's, and its relative squared weight error. */
export function tensorRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) => {
    const errors = new Map(record.weightErrors.map(({ name, relative }) => [name, relative]));
    return record.tensors.map(({ name, shape, type, fallback }) => [cell.name, name, shape.join("x"), type, fallback, rounded(errors.get(name) ?? null, 8)]);
  });
  return { columns: ["cell", "tensor", "shape", "type", "fallback", "weight_error"], rows };
}

/** chunks.csv: of each chunk's tokens the mean negative log-likelihood and KL divergence, in nats; chunks count from 1. */
export function chunkRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) =>
    record.perplexity.chunks.map((nll, index) => [cell.name, index + 1, nll, record.divergence?.chunks[index] ?? null]),
  );
  return { columns: ["cell", "chunk", "nll", "kld"], rows };
}

/** Rounded to so many decimals, null kept. */
export function rounded(value: number | null, decimals: number): number | null {
  return value === null ? null : Number(value.toFixed(decimals));
}
