import type { Blocks } from "../analysis/blockSearch.ts";
import { blockWeights, encodeQ8 } from "../analysis/encode.ts";
import { halfToFloat } from "../analysis/half.ts";
import { jointTable } from "../analysis/jointTable.ts";
import { lloydMaxTable, tableError } from "../analysis/lloydMax.ts";
import { type CodeTable, equalAreaTable } from "../analysis/tables.ts";
import type { FitRequest } from "../study/types.ts";

/** A fitted table, and what it leaves of the weights that it was fitted to. */
export interface Fit extends CodeTable {
  /** Sum of counted squared errors over the counted power of the weights (method `equal-area` and `lloyd-max`: of Q8_0 codes). */
  error: number;
}

/**
 * One table for some blocks.
 *
 * @param from where a joint fit starts; its own starts when absent
 */
export function fitBlocks(blocks: Blocks, { method, weights }: Pick<FitRequest, "method" | "weights">, from?: readonly (readonly number[])[]): Fit {
  if (method === "joint") {
    const { table, error } = jointTable(weights === "histogram" ? inScaleUnits(blocks) : blocks, from);
    return { ...table, error };
  }
  const counts = codeWeights(blocks, weights);
  const table = method === "lloyd-max" ? lloydMaxTable(counts).table : equalAreaTable(counts);
  const power = counts.reduce((sum, count, index) => sum + count * (index - 128) ** 2, 0);
  return { ...table, error: power > 0 ? tableError(table, counts) / power : 0 };
}

/** Weight of each Q8_0 code: how often it occurs, or the sum of what its weights' errors count. */
function codeWeights({ weights, importance }: Blocks, kind: FitRequest["weights"]): Float64Array {
  const { scales, codes } = encodeQ8(weights);
  const counts = new Float64Array(256);
  codes.forEach((code, index) => {
    const scale = halfToFloat(scales[Math.floor(index / blockWeights)]!);
    const counted = kind === "histogram" ? 1 : scale * scale * (importance?.[index] ?? 1);
    counts[code + 128]! += counted;
  });
  return counts;
}

/** Each block divided by its largest magnitude, so that all blocks count alike. */
function inScaleUnits({ weights }: Blocks): Blocks {
  const scaled = new Float32Array(weights.length);
  for (let start = 0; start < weights.length; start += blockWeights) {
    const block = weights.subarray(start, start + blockWeights);
    const largest = block.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    if (largest > 0) scaled.set(block.map((weight) => weight / largest), start);
  }
  return { weights: scaled };
}
