import { blockWeights } from "./encode.ts";

/** Weights in blocks of 32, with what each of them counts. */
export interface Blocks {
  /** A multiple of 32. */
  weights: Float32Array;
  /** Importance of each weight, as an importance matrix gives it for its column; absent where all count alike. */
  importance?: Float32Array;
}

/** The scale found for each block, and what is lost. */
export interface SearchedScales {
  /** One for each block; negative where the table's other end serves the block better; 0 for a block of zeros. */
  scales: Float64Array;
  /** Sum over weights of importance × (weight − decoded)². */
  error: number;
}

/** Scales that C tries on each side of the one that puts the largest weight on the table's end, and how far they reach. */
const allSteps = 32;
const reach = 0.3;

/** Half steps of a target, from which the nearest value follows: twice the largest target, and some room. */
const offset = 512;

/**
 * The value nearest to a target t at index `offset − ceil(2t)`: middles of whole values are multiples
 * of one half, and a tie goes to the smaller value, so that this is exact.
 */
function valueByHalfSteps(values: ArrayLike<number>): Float64Array {
  const nearest = new Float64Array(2 * offset);
  let code = 15;
  for (let index = 0; index < nearest.length; index++) {
    while (code > 0 && offset - index <= values[code - 1]! + values[code]!) code--;
    nearest[index] = values[code]!;
  }
  return nearest;
}

/**
 * The block scales that `SCALE search` chooses for a table of whole values, in double precision: fast
 * enough to be repeated while a table is fitted (pablo-encode.c, `search_scale`).
 *
 * @param values 16 increasing int8 values
 * @param steps scales tried on each side; with fewer than C's 32 the error is a few thousandths larger
 */
export function searchScales(blocks: Blocks, values: ArrayLike<number>, steps = allSteps): SearchedScales {
  const { weights, importance } = blocks;
  const scales = new Float64Array(weights.length / blockWeights);
  const nearest = valueByHalfSteps(values);
  let error = 0;
  for (let block = 0, start = 0; block < scales.length; block++, start += blockWeights) {
    const end = start + blockWeights;
    let extreme = 0;
    let power = 0;
    for (let index = start; index < end; index++) {
      const weight = weights[index]!;
      power += (importance?.[index] ?? 1) * weight * weight;
      if (Math.abs(weight) > Math.abs(extreme)) extreme = weight;
    }
    if (extreme === 0) continue;
    let best = 0;
    let scale = 0;
    for (const edge of [values[0]!, values[15]!]) {
      for (let step = -steps; step <= steps; step++) {
        const factor = (-2 * edge * (1 + (reach * step) / steps)) / extreme;
        let product = 0;
        let square = 0;
        for (let index = start; index < end; index++) {
          const weight = weights[index]!;
          const value = nearest[(weight * factor + offset) | 0]!;
          const scaled = (importance?.[index] ?? 1) * value;
          product += scaled * weight;
          square += scaled * value;
        }
        if (square > 0 && product * product > best * square) {
          best = (product * product) / square;
          scale = product / square;
        }
      }
    }
    scales[block] = scale;
    error += power - best;
  }
  return { scales, error };
}
