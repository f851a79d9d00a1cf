import { expect, test } from "vitest";
import { worstTokens } from "../../harness/analysis/worstTokens.ts";
import { inventFrames } from "../support/frames.ts";

const frames = inventFrames({ chunks: 20, first: 3 });
const losses = frames.flatMap((frame) => Array.from(frame.nll, (nll, index) => ({ frame, index, loss: nll - frame.reference!.nll[index]! })));

test("the hundred that lost most, and nothing that lost more is left out", () => {
  const worst = worstTokens(frames);
  const expected = losses.toSorted((left, right) => right.loss - left.loss).slice(0, 100);
  expect(worst.map(({ loss }) => loss)).toEqual(expected.map(({ loss }) => loss));
  for (const [place, { frame, index }] of expected.entries()) {
    expect(worst[place]).toMatchObject({
      chunk: frame.chunk,
      position: 257 + index,
      expected: frame.expected[index],
      top: frame.top[index],
      referenceTop: frame.reference!.top[index],
      nll: frame.nll[index],
      referenceNll: frame.reference!.nll[index],
      probabilityChange: frame.reference!.probabilityChange[index],
      kld: frame.reference!.kld[index],
    });
  }
});

test("context, as far as the frame goes", () => {
  const frame = structuredClone(inventFrames({ chunks: 1, contextTokens: 64 })[0]!);
  frame.expected.forEach((_, index) => (frame.expected[index] = index));
  frame.nll.set(frame.reference!.nll);
  for (const [index, loss] of [[2, 3], [15, 2], [30, 1]] as const) frame.nll[index]! += loss;
  expect(worstTokens([frame])).toMatchObject([
    { position: 35, before: [0, 1], after: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] },
    { position: 48, before: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], after: [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27] },
    { position: 63, before: [18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29], after: [] },
  ]);
});

test("of equal losses those come first that come first in the text, also where some are left out", () => {
  const equal = inventFrames({ chunks: 3, contextTokens: 64 });
  for (const { nll, reference } of equal) {
    reference!.nll.fill(1);
    nll.fill(1.5);
  }
  equal[2]!.nll[30] = 2;
  expect(worstTokens(equal, 34).map(({ chunk, position }) => [chunk, position])).toEqual([
    [2, 63],
    ...Array.from({ length: 31 }, (_, index) => [0, 33 + index]),
    [1, 33],
    [1, 34],
  ]);
});

test("tokens that gained are not among them, however many are asked for", () => {
  const worst = worstTokens(frames, 10_000);
  expect(worst).toHaveLength(losses.filter(({ loss }) => loss > 0).length);
  expect(worst.length).toBeLessThan(losses.length);
  expect(worstTokens(frames, 0)).toEqual([]);
  expect(worstTokens([])).toEqual([]);
  expect(() => worstTokens(inventFrames({ compared: false }))).toThrow(RangeError);
});
