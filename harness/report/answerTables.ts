import { type Estimate, pairedDifference } from "../analysis/statistics.ts";
import { cellColumn, csvValue } from "./cellColumns.ts";
import { measured, type Measured } from "./load.ts";
import { isUpstreams } from "./plainCell.ts";
import { rounded, table } from "./table.ts";

/** Types that an own scheme has to beat, by whomever they were made. */
const rivals = ["IQ4_NL", "Q4_1", "Q4_0", "Q4_K_S"];

/** The paired difference of two cells' divergences, chunk by chunk; null when they cannot be compared. */
function divergenceDifference(before: Measured, after: Measured): Estimate | null {
  return pairedDifference(before.record.divergence?.chunks ?? [], after.record.divergence?.chunks ?? []);
}

function bits(cell: Measured): number | null {
  return csvValue(cellColumn("bpw_quantized"), cell, null) as number | null;
}

/**
 * tests.csv: each cell's mean KL divergence against each rival's, paired by chunk. `z` is the difference in
 * standard errors, negative when the cell is the better one; `ratio` the cell's mean over the rival's.
 */
export const testTable = table(
  { file: "tests.csv", version: 3, steps: ["count", "evaluate"] },
  (results) => {
    const all = measured(results).filter(({ record }) => record.divergence !== null);
    const opponents = all.filter(({ cell }) => (isUpstreams(cell) || cell.mode === "ready") && rivals.includes(cell.type));
    return all.flatMap((one) => opponents.filter((rival) => rival !== one).map((rival) => ({ one, rival, difference: divergenceDifference(rival, one) })));
  },
  {
    cell: ({ one }) => one.cell.name,
    against: ({ rival }) => rival.cell.name,
    bpw_quantized_cell: ({ one }) => bits(one),
    bpw_quantized_against: ({ rival }) => bits(rival),
    kld_difference: ({ difference }) => rounded(difference?.mean, 7),
    standard_error: ({ difference }) => rounded(difference?.standardError, 7),
    low: ({ difference }) => rounded(difference?.low, 7),
    high: ({ difference }) => rounded(difference?.high, 7),
    z: ({ difference }) => (difference && difference.standardError > 0 ? rounded(difference.mean / difference.standardError, 2) : null),
    chunks: ({ one }) => one.record.divergence!.chunks.length,
    ratio: ({ one, rival }) => rounded(one.record.divergence!.mean / rival.record.divergence!.mean, 4),
  },
);

/** tables.csv: the bins and values of each cell's tables; pattern `*` is the model's. */
export const quantizationTables = table(
  { file: "tables.csv", version: 1, steps: [] },
  (results) => measured(results).flatMap(({ cell }) => {
    if (!cell.table) return [];
    return [{ ...cell.table, pattern: "*" }, ...(cell.table.tensors ?? [])].flatMap(({ pattern, widths, values }) =>
      widths.map((width, index) => ({ cell, pattern, code: index - 8, width, value: values[index]! })),
    );
  }),
  {
    cell: ({ cell }) => cell.name,
    pattern: ({ pattern }) => pattern,
    code: ({ code }) => code,
    width: ({ width }) => width,
    value: ({ value }) => value,
  },
);
