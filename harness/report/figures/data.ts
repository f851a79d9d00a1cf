import { shares, total, totalCounts } from "../../analysis/histogram.ts";
import { type Cell, floatTypes } from "../../study/types.ts";
import { shownNumber } from "../cellColumns.ts";
import { measured, type Measured, type Results } from "../load.ts";

/** A value with its standard error. */
export interface Uncertain {
  value: number;
  error: number;
}

/** Codes of a whole model, of the cell's own type. */
export interface CodeCounts {
  /** The code that `counts[0]` counts. */
  firstCode: number;
  counts: number[];
}

/** Runs of zero weights over the whole model: lengths 1 to 15, then 16 and more. */
export interface ZeroRuns {
  measured: number[];
  /** What independent codes with the same share of zeros would have; null when nobody worked it out. */
  expected: number[] | null;
  /** How far the two are apart. */
  chiSquare: number | null;
}

/** What figures and page need of a measured cell. */
export interface FigureCell {
  name: string;
  cell: Cell;
  /** Bits per weight of the quantized tensors, block scales included. */
  bits: number;
  perplexity: Uncertain;
  /** Mean NLL of each chunk, in nats per token. */
  nll: number[];
  /** Mean KL divergence to the floating-point model, in nats per token. */
  divergence: (Uncertain & { chunks: number[] }) | null;
  codes: CodeCounts | null;
  /** Bits per code, of codes that do not know each other. */
  entropy: number | null;
  zeroRuns: ZeroRuns | null;
  weightErrors: { name: string; relative: number }[];
  /** Bytes of the code stream, and what the strongest compressor leaves of it. */
  compression: { packed: number; best: number; compressor: string } | null;
}

/** A study's measured cells, in its order. */
export interface FigureData {
  cells: FigureCell[];
}

/** What figures need of a results folder. */
export function figureData(results: Results): FigureData {
  return { cells: measured(results).map(figureCell) };
}

function figureCell(result: Measured): FigureCell {
  const { cell, record } = result;
  const codes = wholeModel(record, cell);
  const stream = record.compression?.streams[0];
  const runs = record.compression?.zeroRuns ?? null;
  const { divergence } = record;
  return {
    name: cell.name,
    cell,
    bits: shownNumber("bpw_quantized", result)!,
    perplexity: { value: record.perplexity.ppl, error: record.perplexity.error },
    nll: record.perplexity.chunks,
    divergence: !divergence ? null : { value: divergence.mean, error: divergence.error, chunks: divergence.chunks },
    codes,
    entropy: shownNumber("entropy", result),
    zeroRuns: runs ?? (record.histogram && { measured: record.histogram.zeroRuns, expected: null, chiSquare: null }),
    weightErrors: record.weightErrors,
    compression: stream ? bestOf(stream.sizes) : null,
  };
}

function bestOf({ packed, ...sizes }: { packed: number } & Record<string, number | null>): FigureCell["compression"] {
  const known = Object.entries(sizes).filter((entry): entry is [string, number] => entry[1] !== null);
  const [best] = known.sort((left, right) => left[1] - right[1]);
  return best ? { packed, best: best[1], compressor: best[0] } : null;
}

function wholeModel({ histogram }: Measured["record"], { type }: Cell): CodeCounts | null {
  const own = histogram?.tensors.filter((tensor) => tensor.type === type) ?? [];
  const [first] = own;
  if (!first) return null;
  const counts = totalCounts(own);
  return total(counts) > 0 ? { firstCode: first.firstCode, counts } : null;
}

/** Each code with its share in the whole, in percent. */
export function codeShares({ firstCode, counts }: CodeCounts): { code: number; share: number }[] {
  return shares(counts).map((share, index) => ({ code: firstCode + index, share: 100 * share }));
}

/** Whether the cell's weights are used as they should be, not as the thesis's fork did. */
export function isExact({ cell }: FigureCell): boolean {
  return cell.decode === "exact";
}

/** Whether the cell is the model itself, not quantized. */
export function isFloat({ cell }: FigureCell): boolean {
  return cell.mode !== "ready" && floatTypes.includes(cell.type);
}
