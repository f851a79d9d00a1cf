import { mean, quantileSorted, rootMeanSquare, sampleStandardDeviation, standardDeviation } from "simple-statistics";
import { describe, expect, test } from "vitest";
import { quantileErrors, sortTokens } from "../../harness/analysis/chunkBootstrap.ts";
import type { Frame } from "../../harness/analysis/frame.ts";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { tokenDivergence } from "../../harness/analysis/tokenDivergence.ts";
import { runningPerplexity, tokenPerplexity } from "../../harness/analysis/tokenPerplexity.ts";
import { inventFrames } from "../support/frames.ts";

const frames = inventFrames({ chunks: 12 });
const all = (column: (frame: Frame) => ArrayLike<number>, of = frames): number[] => of.flatMap((frame) => Array.from(column(frame)));

test("perplexity is what its definition gives", () => {
  const nlls = all(({ nll }) => nll);
  const { ppl, error, nll, chunks } = tokenPerplexity(frames);
  expect(nll).toBeCloseTo(mean(nlls), 12);
  expect(ppl).toBeCloseTo(Math.exp(mean(nlls)), 9);
  expect(error / (ppl * (sampleStandardDeviation(nlls) / Math.sqrt(nlls.length)))).toBeCloseTo(1, 9);
  expect(chunks).toHaveLength(12);
  expect(chunks[3]).toBeCloseTo(mean([...frames[3]!.nll]), 12);
  expect(mean(chunks)).toBeCloseTo(nll, 12);
  expect(runningPerplexity(frames)[11]).toBeCloseTo(ppl, 9);
  expect(runningPerplexity(frames)[4]).toBeCloseTo(tokenPerplexity(frames.slice(0, 5)).ppl, 9);
  expect(() => tokenPerplexity([])).toThrow(RangeError);
});

describe("divergence", () => {
  const klds = all(({ reference }) => reference!.kld);
  const changes = all(({ reference }) => reference!.probabilityChange).map((change) => 100 * change);
  const found = tokenDivergence(frames);
  const errorOf = (values: number[]): number => standardDeviation(values) / Math.sqrt(values.length - 1);

  test("means and errors", () => {
    expect(found.mean).toBeCloseTo(mean(klds), 12);
    expect(found.error).toBeCloseTo(errorOf(klds), 10);
    expect(mean(found.chunks)).toBeCloseTo(found.mean, 8);
    expect(found.probabilityMean).toBeCloseTo(mean(changes), 9);
    expect(found.probabilityMeanError).toBeCloseTo(errorOf(changes), 6);
    expect(found.probabilityRms).toBeCloseTo(rootMeanSquare(changes), 5);
    expect(found.probabilityRmsError).toBeCloseTo(errorOf(changes.map((change) => change ** 2)) / (2 * rootMeanSquare(changes)), 5);
    expect(found.ppl).toBeCloseTo(tokenPerplexity(frames).ppl, 4);
    expect(found.logRatio).toBeCloseTo(mean(all(({ nll }) => nll)) - mean(all(({ reference }) => reference!.nll)), 6);
  });

  test("the most probable token", () => {
    const same = all(({ top, reference }) => top.map((id, index) => Number(id === reference!.top[index])));
    const share = mean(same);
    expect(share).toBeGreaterThan(0.75);
    expect(share).toBeLessThan(0.85);
    expect(found.sameTop).toBeCloseTo(100 * share, 9);
    expect(found.sameTopError).toBeCloseTo(100 * errorOf(same), 9);
    expect(found.chunkErrors!.sameTop / found.sameTopError).toBeGreaterThan(0.5);
    expect(found.chunkErrors!.sameTop / found.sameTopError).toBeLessThan(2);
  });

  test.each([12, 11])("quantiles of an even and an odd number of tokens: %d chunks", (chunks) => {
    const some = frames.slice(0, chunks);
    const sorted = all(({ reference }) => reference!.kld, some).sort((left, right) => left - right);
    const computed = tokenDivergence(some);
    const fractions = { median: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
    for (const [name, fraction] of Object.entries(fractions)) {
      // Linear interpolation between the two neighbours, which upstream's rounding of the position may move a little.
      const at = fraction * (sorted.length - 1);
      const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
      const difference = computed[name as keyof typeof fractions] - (low + (at - Math.floor(at)) * (high - low));
      expect(Math.abs(difference), name).toBeLessThan(1e-3 * (high - low) + 1e-6 * high);
    }
    expect(computed.maximum).toBe(Math.fround(sorted.at(-1)!));
  });

  test("a model that predicts as the reference does has no error that is not a number", () => {
    const same = frames.map((frame): Frame => ({
      ...frame,
      top: frame.reference!.top,
      reference: { ...frame.reference!, kld: new Float64Array(255), probabilityChange: new Float32Array(255) },
    }));
    expect(tokenDivergence(same)).toMatchObject({ mean: 0, error: 0, median: 0, p999: 0, maximum: 0, probabilityRms: 0, probabilityRmsError: 0, sameTop: 100, sameTopError: 0 });
    expect(tokenDivergence(same).chunkErrors).toEqual({ mean: 0, median: 0, p90: 0, p95: 0, p99: 0, p999: 0, sameTop: 0 });
  });

  test("one chunk says nothing about differences between chunks; none and uncompared ones are refused", () => {
    expect(tokenDivergence(frames.slice(0, 1)).chunkErrors).toBeNull();
    expect(() => tokenDivergence([])).toThrow(RangeError);
    expect(() => tokenDivergence(inventFrames({ compared: false }))).toThrow(/Chunk 0 was not compared/);
  });
});

test("tokens are sorted with their chunks, whatever their sign", () => {
  const { values, chunks } = sortTokens([Float64Array.of(2, -1, 0), Float64Array.of(-3e-9, 1e30, -7)]);
  expect([...values]).toEqual([-7, -1, -3e-9, 0, 2, 1e30].map(Math.fround));
  expect([...chunks]).toEqual([1, 0, 1, 0, 0, 1]);
});

describe("errors of quantiles are the spread that repeating the measurement has", () => {
  const fractions = [0.5, 0.9, 0.99];

  test.each([["independent tokens", 0], ["tokens of a chunk that go together", 0.5]])("%s", (_, spread) => {
    const quantilesFound: number[][] = [];
    const errors: number[][] = [];
    for (let seed = 0; seed < 120; seed++) {
      const chunks = Array.from(gaussianValues(30, 10_000 + seed, spread), (ofChunk, index) =>
        Float64Array.from(gaussianValues(100, 100_000 + 100 * seed + index), (value) => Math.exp(ofChunk + value)));
      const tokens = sortTokens(chunks);
      quantilesFound.push(fractions.map((fraction) => quantileSorted([...tokens.values], fraction)));
      errors.push(quantileErrors(tokens, 30, fractions)!);
    }
    for (const [index, fraction] of fractions.entries()) {
      const ratio = mean(errors.map((error) => error[index]!)) / sampleStandardDeviation(quantilesFound.map((quantile) => quantile[index]!));
      expect(Math.abs(Math.log(ratio)), `at ${fraction} the ratio is ${ratio}`).toBeLessThan(Math.log(1.25));
    }
  });

  test("the same each time, and in the order that was asked for", () => {
    const tokens = sortTokens(frames.map(({ reference }) => reference!.kld));
    const errors = quantileErrors(tokens, 12, fractions)!;
    expect(quantileErrors(tokens, 12, fractions.toReversed())!.toReversed()).toEqual(errors);
  });
});

test("655 chunks of 255 tokens take a moment", () => {
  const many = inventFrames({ chunks: 655 });
  const start = process.cpuUsage();
  tokenDivergence(many);
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(3);
});
