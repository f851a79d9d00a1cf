import { totalCounts } from "../analysis/histogram.ts";
import { pairedDifference } from "../analysis/statistics.ts";
import type { CellRecord } from "../store/record.ts";
import type { Cell } from "../study/types.ts";
import { baselineOf } from "./baseline.ts";
import { measured, type Measured, type Results } from "./load.ts";
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
export function cellRows(results: Results): Table {
  const { cells } = results;
  const columns = [
    "cell", "type", "scheme", "decode", "container", "file_bytes", "bpw_file", "bpw_quantized", "ppl", "ppl_error", "nll",
    "chunks", "quantize_s", "perplexity_s", "tokens_per_s", "imatrix", "kld", "kld_error", "kld_median", "kld_90", "kld_99", "kld_999",
    "kld_max", "same_top_percent", "delta_p_rms_percent", "ln_ppl_ratio", "ln_ppl_ratio_low", "ln_ppl_ratio_high", "weight_error", "entropy", "status",
  ];
  const baseline = baselineOf(results);
  const rows = cells.map(({ cell, record, failure }) => {
    const what = [cell.name, cell.type, schemeName(cell), cell.decode, cell.container];
    if (!record) return [...what, ...Array<null>(10).fill(null), String(cell.imatrix), ...Array<null>(14).fill(null), `failed: ${failure}`];
    const { file, tensors, perplexity, quantizeSeconds, perplexitySeconds, tokensPerSecond } = record;
    const bits = bitsPerWeight(file.bytes, tensors, cell.type);
    return [
      ...what, file.bytes, rounded(bits.file, 4), rounded(bits.quantized, 4),
      perplexity.ppl, perplexity.error, perplexity.nll, perplexity.chunks.length,
      rounded(quantizeSeconds, 3), rounded(perplexitySeconds, 3), rounded(tokensPerSecond, 1),
      String(cell.imatrix), ...divergenceCells(record.divergence), ...ratioCells(baseline, record),
      rounded(wholeWeightError(record), 8), rounded(record.compression?.streams[0]?.entropy ?? null, 5), "ok",
    ];
  });
  return { columns, rows };
}

function divergenceCells(divergence: CellRecord["divergence"]): (number | null)[] {
  if (!divergence) return Array<null>(9).fill(null);
  const { mean, error, median, p90, p99, p999, maximum, sameTop, probabilityRms } = divergence;
  return [mean, error, median, p90, p99, p999, maximum, sameTop, probabilityRms];
}

/** ln of the ratio of the perplexities, the cell's over the model's, with its 95 % interval, paired by chunk. */
function ratioCells(baseline: Measured | null, record: CellRecord): (number | null)[] {
  const difference = pairedDifference(baseline?.record.perplexity.chunks ?? [], record.perplexity.chunks);
  return (["mean", "low", "high"] as const).map((name) => difference && rounded(difference[name], 7));
}

/** Relative squared error over all tensors that were quantized, each by its number of weights; null without any. */
export function wholeWeightError({ weightErrors, tensors }: CellRecord): number | null {
  const elements = new Map(tensors.map((tensor) => [tensor.name, tensor.elements]));
  const sizes = weightErrors.map(({ name }) => elements.get(name) ?? 0);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return all === 0 ? null : weightErrors.reduce((sum, { relative }, index) => sum + relative * sizes[index]!, 0) / all;
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
