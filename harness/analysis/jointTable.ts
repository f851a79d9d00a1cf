import { type Blocks, searchScales } from "./blockSearch.ts";
import { blockWeights } from "./encode.ts";
import { optimalPartition } from "./lloydMax.ts";
import { type CodeTable, iq4nlValues, nearestTable } from "./tables.ts";
import { wholeValues } from "./wholeValues.ts";

/** A table that was fitted, and what it leaves. */
export interface FittedValues {
  table: CodeTable;
  /** Weighted squared error over the weighted power of the weights. */
  error: number;
}

/** Width and number of the histogram's cells, in units of a table's values; targets reach 127 × 1.3 and a little. */
const cellWidth = 0.25;
const cells = 1600;

/** The values of Lloyd and Max for a Gaussian, the outermost at ±127. */
export const gaussianTableValues: readonly number[] = [-127, -96, -75, -59, -44, -31, -18, -6, 6, 18, 31, 44, 59, 75, 96, 127];

/** Where fits start: alternating ends in the best near its start, and these are far apart. */
const starts: readonly (readonly number[])[] = [iq4nlValues, gaussianTableValues];

const mostRounds = 20;

/** Enough for a table: what they miss of a block's best scale is the same for any table. */
const searchSteps = 16;

/**
 * The table that is best together with `SCALE search`: the scales of the blocks for the table, the best
 * table for the weights over these scales (exactly, {@link optimalPartition}), and again, until the error
 * falls no further. From several starts; the best is kept.
 *
 * @param blocks weights in blocks of 32, some of them not 0
 */
export function jointTable(blocks: Blocks, from: readonly (readonly number[])[] = starts): FittedValues {
  const power = blocks.weights.reduce((sum, weight, index) => sum + (blocks.importance?.[index] ?? 1) * weight * weight, 0);
  let best = { error: Infinity, values: from[0] ?? iq4nlValues };
  for (const start of from) {
    let values = start;
    let before = Infinity;
    for (let round = 0; round < mostRounds; round++) {
      const { scales, error } = searchScales(blocks, values, searchSteps);
      if (error < best.error) best = { error, values };
      if (error > before * (1 - 1e-4)) break;
      before = error;
      values = wholeValues(bestValues(blocks, scales));
    }
  }
  const { error } = searchScales(blocks, best.values);
  return { table: nearestTable(best.values), error: power > 0 ? error / power : 0 };
}

/** The 16 values that leave the least error for weights over these scales; in units of the scales, not rounded. */
function bestValues({ weights, importance }: Blocks, scales: Float64Array): number[] {
  const mass = new Float64Array(cells);
  const moment = new Float64Array(cells);
  for (let index = 0; index < weights.length; index++) {
    const scale = scales[Math.floor(index / blockWeights)]!;
    if (scale === 0) continue;
    const target = weights[index]! / scale;
    const cell = Math.max(0, Math.min(cells - 1, Math.floor(target / cellWidth) + cells / 2));
    const weight = (importance?.[index] ?? 1) * scale * scale;
    mass[cell]! += weight;
    moment[cell]! += weight * target;
  }
  const positions = Float64Array.from(mass, (weight, cell) => (weight > 0 ? moment[cell]! / weight : (cell + 0.5 - cells / 2) * cellWidth));
  return optimalPartition(mass, positions, 16).values;
}
