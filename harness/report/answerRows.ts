import { type Estimate, pairedDifference } from "../analysis/statistics.ts";
import { measured, type Measured, type Results } from "./load.ts";
import { rounded, type Table } from "./rows.ts";
import { bitsPerWeight } from "../steps/sizes.ts";

/** Types that an own scheme has to beat. */
const rivals = ["IQ4_NL", "Q4_1", "Q4_0", "Q4_K_S"];

/** The paired difference of two cells' divergences, chunk by chunk; null when they cannot be compared. */
export function divergenceDifference(before: Measured, after: Measured): Estimate | null {
  return pairedDifference(before.record.divergence?.chunks ?? [], after.record.divergence?.chunks ?? []);
}

/**
 * tests.csv: each cell's mean KL divergence against each rival's, paired by chunk. `z` is the difference in
 * standard errors, negative when the cell is the better one; `ratio` the cell's mean over the rival's.
 */
export function testRows(results: Results): Table {
  const all = measured(results).filter(({ record }) => record.divergence !== null);
  const opponents = all.filter(({ cell }) => cell.mode !== "own" && rivals.includes(cell.type));
  const bits = ({ cell, record }: Measured): number | null => bitsPerWeight(record.file.bytes, record.tensors, cell.type).quantized;
  const rows = all.flatMap((one) =>
    opponents.filter((rival) => rival !== one).map((rival) => {
      const difference = divergenceDifference(rival, one);
      const numbers = (["mean", "standardError", "low", "high"] as const).map((name) => difference && rounded(difference[name], 7));
      const z = difference && difference.standardError > 0 ? rounded(difference.mean / difference.standardError, 2) : null;
      const ratio = one.record.divergence!.mean / rival.record.divergence!.mean;
      return [one.cell.name, rival.cell.name, rounded(bits(one), 4), rounded(bits(rival), 4), ...numbers, z, one.record.divergence!.chunks.length, rounded(ratio, 4)];
    }),
  );
  return {
    columns: ["cell", "against", "bpw_cell", "bpw_against", "kld_difference", "standard_error", "low", "high", "z", "chunks", "ratio"],
    rows,
  };
}

/** tables.csv: the bins and values of each cell's tables; pattern `*` is the model's. */
export function tableRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell }) => {
    const { table } = cell;
    if (!table) return [];
    return [{ ...table, pattern: "*" }, ...(table.tensors ?? [])].flatMap(({ pattern, widths, values }) =>
      widths.map((width, index) => [cell.name, pattern, index - 8, width, values[index]!]),
    );
  });
  return { columns: ["cell", "pattern", "code", "width", "value"], rows };
}
