import { UserError } from "../errors.ts";

/** Codes -8 to 7 made from 256 byte codes: how many byte codes go into each, and what each decodes to. */
export interface CodeTable {
  /** 16 bin widths from byte code -128 upwards, each at least 1, together 256. */
  widths: number[];
  /** 16 decoded values, int8, increasing; in units of the block's scale. */
  values: number[];
}

/** The thesis's basic table (table 4.1.1, values as its fork has them). */
export const basicTable: CodeTable = {
  widths: [64, 32, 16, 8, 4, 2, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64],
  values: [-128, -64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64],
};

/** The thesis's balanced table (section 4.1, numbers from its fork). */
export const balancedTable: CodeTable = {
  widths: [42, 22, 15, 12, 10, 9, 9, 9, 9, 9, 9, 10, 12, 15, 22, 42],
  values: [-127, -65, -50, -38, -28, -19, -10, -1, 0, 9, 18, 27, 37, 49, 64, 127],
};

/** The 16 values of upstream's IQ4_NL (`kvalues_iq4nl`, ggml/src/ggml-common.h). */
export const iq4nlValues: readonly number[] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** First byte code of each bin. */
export function binStarts({ widths }: CodeTable): number[] {
  let start = -128;
  return widths.map((width) => (start += width) - width);
}

/**
 * The table whose bins send every byte code to the nearest of `values`, ties to the smaller
 * (`ENCODE nearest`, but of codes in place of weights).
 * @param values 16 increasing int8 values
 */
export function nearestTable(values: readonly number[]): CodeTable {
  const widths = new Array<number>(16).fill(0);
  for (let byte = -128; byte < 128; byte++) {
    let bin = 0;
    while (bin < 15 && byte - values[bin]! > values[bin + 1]! - byte) bin++;
    widths[bin]!++;
  }
  return { widths, values: [...values] };
}

/** Weighted mean of the byte codes of a bin, rounded; its middle when no code occurs there. */
function centroid(counts: ArrayLike<number>, start: number, width: number): number {
  let weight = 0;
  let moment = 0;
  for (let byte = start; byte < start + width; byte++) {
    weight += counts[byte + 128]!;
    moment += counts[byte + 128]! * byte;
  }
  return Math.round(weight > 0 ? moment / weight : start + (width - 1) / 2);
}

/** `table` with each decoded value replaced by its bin's centroid under `counts` (256, index byte code + 128). */
function withCentroids(table: CodeTable, counts: ArrayLike<number>): CodeTable {
  const starts = binStarts(table);
  return { widths: [...table.widths], values: table.widths.map((width, bin) => centroid(counts, starts[bin]!, width)) };
}

/**
 * Bins of as equal area as whole codes allow under `counts`, decoded to their centroids: what the thesis's
 * balanced table approximates (section 4.1).
 * @param counts 256 counts of byte codes, index byte code + 128
 */
export function equalAreaTable(counts: ArrayLike<number>): CodeTable {
  const cumulative = [0];
  for (let index = 0; index < 256; index++) cumulative.push(cumulative[index]! + counts[index]!);
  const total = cumulative[256]!;
  if (!(total > 0)) throw new UserError("A table cannot be fitted to a histogram without counts.");
  const ends: number[] = [];
  for (let bin = 1; bin <= 15; bin++) {
    const target = (total * bin) / 16;
    let end = (ends.at(-1) ?? 0) + 1;
    const last = 256 - (16 - bin);
    while (end < last && Math.abs(cumulative[end + 1]! - target) <= Math.abs(cumulative[end]! - target)) end++;
    ends.push(end);
  }
  const edges = [0, ...ends, 256];
  const widths = Array.from({ length: 16 }, (_, bin) => edges[bin + 1]! - edges[bin]!);
  return withCentroids({ widths, values: [] }, counts);
}
