import { expect, it } from "vitest";
import { seededRandom } from "../../harness/analysis/gaussian.ts";
import { optimalPartition } from "../../harness/analysis/lloydMax.ts";

/** The same by trying every last cut for every end, with costs summed afresh. */
function slowError(weights: readonly number[], levels: number, whole: boolean): number {
  const costs = weights.map((_, start) => {
    let [mass, moment, power] = [0, 0, 0];
    return weights.map((weight, end) => {
      if (end < start) return Infinity;
      mass += weight;
      moment += weight * end;
      power += weight * end * end;
      const mean = mass > 0 ? moment / mass : end;
      const value = whole ? Math.round(mean) : mean;
      return power - 2 * value * moment + value * value * mass;
    });
  });
  let best = [0, ...weights.map(() => Infinity)];
  for (let level = 0; level < levels; level++)
    best = [Infinity, ...weights.map((_, end) => Math.min(...weights.slice(0, end + 1).map((_weight, start) => best[start]! + costs[start]![end]!)))];
  return best.at(-1)!;
}

it.each([true, false])("halving the search loses nothing, whole values: %s", (whole) => {
  const random = seededRandom(7);
  for (let round = 0; round < 30; round++) {
    const letters = 20 + Math.floor(random() * 80);
    const weights = Array.from({ length: letters }, () => (random() < 0.3 ? 0 : random() ** 6 * 1000));
    const levels = 2 + Math.floor(random() * 15);
    const positions = weights.map((_, index) => index);
    const { error, starts } = optimalPartition(weights, positions, levels, whole);
    expect(error).toBeCloseTo(slowError(weights, levels, whole), 4);
    expect(starts).toHaveLength(levels);
  }
});
