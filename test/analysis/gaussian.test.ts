import { mean, standardDeviation } from "simple-statistics";
import { expect, test } from "vitest";
import { gaussianValues, seededRandom } from "../../harness/analysis/gaussian.ts";
import { shares } from "../../harness/analysis/histogram.ts";
import { countZeroRuns } from "../../harness/analysis/zeroRuns.ts";
import { encodeQ4, nibbleOrder, zeroRadius } from "./schemes.ts";

// The thesis's model has 87.83 % at radius 0 and 65.54 % at 1 (figures 3.2.2 and 3.3.1).
test.each([[0, 0.8806], [1, 0.6595], [2, 0.471], [3, 0.323]])("radius %s: the share of isolated zero runs of Gaussian weights is %s", (radius, share) => {
  const runs = countZeroRuns();
  runs.push(nibbleOrder(zeroRadius(encodeQ4(gaussianValues(200_000 * 32, 1)), radius).codes), 0);
  expect(Math.abs(shares(runs.histogram())[0]! - share)).toBeLessThan(0.002);
});

test("Gaussian values have their moments, and repeat by seed", () => {
  const values = [...gaussianValues(200_000, 5, 3)];
  expect(Math.abs(mean(values))).toBeLessThan(0.03);
  expect(standardDeviation(values)).toBeCloseTo(3, 1);
  expect(mean(values.map((value) => (value / 3) ** 4))).toBeCloseTo(3, 1);
  expect(gaussianValues(9, 5)).toEqual(gaussianValues(9, 5));
  expect(gaussianValues(9, 5)).not.toEqual(gaussianValues(9, 6));
});

test("uniform numbers fill [0, 1) evenly", () => {
  const random = seededRandom(0);
  const bins = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 100_000; draw++) bins[Math.floor(random() * 10)]!++;
  for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(400);
});
