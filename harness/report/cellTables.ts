import { totalCounts } from "../analysis/histogram.ts";
import { stepsOfCell } from "../steps/registry.ts";
import { baselineOf } from "./baseline.ts";
import { cellColumns, csvColumns, csvValue } from "./cellColumns.ts";
import { measured } from "./load.ts";
import { rounded, table, type Table } from "./table.ts";

/** cells.csv: one row for each cell. */
export const cellTable: Table = {
  file: "cells.csv",
  version: 2,
  steps: stepsOfCell.map(({ name }) => name),
  columns: cellColumns.map(({ name }) => name),
  sheet(results) {
    const [original, columns] = [baselineOf(results), csvColumns(results)];
    return { columns: columns.map(({ name }) => name), rows: results.cells.map((result) => columns.map((column) => csvValue(column, result, original))) };
  },
};

/** codes.csv: the count of each code by tensor; tensor `*` is the whole model, by type. */
export const codeTable = table(
  { file: "codes.csv", version: 1, steps: ["count"] },
  (results) => measured(results).flatMap(({ cell, record }) => {
    const tensors = record.histogram?.tensors ?? [];
    const whole = [...new Set(tensors.map(({ type }) => type))].map((type) => {
      const own = tensors.filter((tensor) => tensor.type === type);
      return { ...own[0]!, name: "*", counts: totalCounts(own) };
    });
    return [...whole, ...tensors].flatMap((tensor) => tensor.counts.map((count, index) => ({ cell, tensor, code: tensor.firstCode + index, count })));
  }),
  {
    cell: ({ cell }) => cell.name,
    tensor: ({ tensor }) => tensor.name,
    type: ({ tensor }) => tensor.type,
    code: ({ code }) => code,
    count: ({ count }) => count,
  },
);

/**
 * zero_runs.csv: runs of zeros by length, 16 standing for 16 and more, over the whole model: of the code that is
 * stored as 0, as the thesis counts (`count`); of the signed code 0, which upstream's Q4_0 stores as 8
 * (`zero_weight_count`); and as many as independent codes of the same frequencies would have (`expected`).
 */
export const zeroRunTable = table(
  { file: "zero_runs.csv", version: 1, steps: ["count", "compress"] },
  (results) => measured(results).flatMap(({ cell, record: { histogram, compression } }) => {
    const runs = histogram?.zeroRuns ?? [];
    const total = runs.reduce((sum, count) => sum + count, 0);
    return runs.map((count, index) => ({ cell, index, count, total, compared: compression?.zeroRuns ?? null }));
  }),
  {
    cell: ({ cell }) => cell.name,
    length: ({ index }) => (index === 15 ? "16+" : index + 1),
    count: ({ count }) => count,
    share: ({ count, total }) => (total === 0 ? null : rounded(count / total, 6)),
    zero_weight_count: ({ compared, index }) => compared?.measured[index] ?? null,
    expected: ({ compared, index }) => rounded(compared?.expected[index], 3),
  },
);

/** tensors.csv: the type of each tensor, why it is not the cell's, with error feedback why it was rounded instead, and its relative squared weight error. */
export const tensorTable = table(
  { file: "tensors.csv", version: 2, steps: ["quantize", "count"] },
  (results) => measured(results).flatMap(({ cell, record }) => {
    const errors = new Map(record.weightErrors.map(({ name, relative }) => [name, relative]));
    return record.tensors.map((tensor) => ({ cell, tensor, error: errors.get(tensor.name), rounded: record.rounded }));
  }),
  {
    cell: ({ cell }) => cell.name,
    tensor: ({ tensor }) => tensor.name,
    shape: ({ tensor }) => tensor.shape.join("x"),
    type: ({ tensor }) => tensor.type,
    fallback: ({ tensor }) => tensor.fallback,
    rounded: ({ tensor, rounded: reasons }) => reasons?.[tensor.name] ?? null,
    weight_error: ({ error }) => rounded(error, 8),
  },
);

/** chunks.csv: of each chunk's tokens the mean negative log-likelihood and KL divergence, in nats; chunks count from 1. */
export const chunkTable = table(
  { file: "chunks.csv", version: 1, steps: ["evaluate"] },
  (results) => measured(results).flatMap(({ cell, record: { perplexity, divergence } }) =>
    perplexity.chunks.map((nll, index) => ({ cell, chunk: index + 1, nll, kld: divergence?.chunks[index] ?? null })),
  ),
  {
    cell: ({ cell }) => cell.name,
    chunk: ({ chunk }) => chunk,
    nll: ({ nll }) => nll,
    kld: ({ kld }) => kld,
  },
);
