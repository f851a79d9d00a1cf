import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../harness/analysis/gaussian.ts";
import { decodeFrames } from "../../harness/parse/frames.ts";
import { encodeFrame, inventFrames } from "../support/frames.ts";

const frames = inventFrames({ chunks: 4, first: 7, contextTokens: 64 });
const bytes = Buffer.concat(frames.map(encodeFrame));
const frameBytes = bytes.length / 4;

/** A frame's bytes with another header word, and the checksum that belongs to them. */
function withWord(index: number, value: number): Buffer {
  const changed = encodeFrame(frames[0]!);
  changed.writeUInt32LE(value, 4 * index);
  changed.writeUInt32LE(crc32(changed.subarray(0, -4)), changed.length - 4);
  return changed;
}

test("sizes are the format's", () => {
  expect(frameBytes).toBe(32 + 31 * 40 + 4);
  expect(encodeFrame(inventFrames({ compared: false })[0]!)).toHaveLength(32 + 255 * 16 + 4);
});

test.each([0, 1, 2, 3, 5])("whole frames come back as they were, at any alignment: %d", (offset) => {
  const shifted = new Uint8Array(bytes.length + offset).subarray(offset);
  shifted.set(bytes);
  expect(decodeFrames(shifted)).toEqual({ frames, wholeBytes: bytes.length });
});

test("without a reference, and with an even number of tokens", () => {
  const plain = inventFrames({ chunks: 2, contextTokens: 61, compared: false });
  expect(plain[0]!.nll).toHaveLength(30);
  expect(decodeFrames(Buffer.concat(plain.map(encodeFrame))).frames).toEqual(plain);
});

test("what is decoded does not change with the bytes", () => {
  const copy = Buffer.from(bytes);
  const decoded = decodeFrames(copy);
  copy.fill(0);
  expect(decoded.frames).toEqual(frames);
});

test("a tail that is cut anywhere costs the frame it is in, no more", () => {
  for (let length = 0; length <= bytes.length; length++) {
    const { frames: found, wholeBytes } = decodeFrames(bytes.subarray(0, length));
    expect(found.length).toBe(Math.floor(length / frameBytes));
    expect(wholeBytes).toBe(found.length * frameBytes);
  }
});

test("a bit that is turned anywhere in a frame ends it before that frame", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 500; round++) {
    const damaged = Buffer.from(bytes);
    const at = Math.floor(random() * bytes.length);
    damaged[at]! ^= 1 << Math.floor(random() * 8);
    expect(decodeFrames(damaged).wholeBytes).toBe(Math.floor(at / frameBytes) * frameBytes);
  }
});

describe("what is no frame takes nothing", () => {
  test.each([
    ["no bytes", Buffer.alloc(0)],
    ["zeros", Buffer.alloc(10_000)],
    ["ones", Buffer.alloc(10_000, 255)],
    ["another magic", withWord(0, 0x32544651)],
    ["unknown flags", withWord(1, 3)],
    ["4 G tokens", withWord(3, 2 ** 32 - 1)],
    ["tokens that are not the context's", withWord(3, 30)],
    ["no tokens", withWord(3, 0)],
  ])("%s", (_, damaged) => {
    expect(decodeFrames(damaged)).toEqual({ frames: [], wholeBytes: 0 });
  });

  test("such a change is what makes the difference", () => {
    expect(decodeFrames(withWord(2, 9)).frames[0]!.chunk).toBe(9);
  });

  test("a huge context with a valid checksum", () => {
    const huge = encodeFrame({ ...frames[0]!, contextTokens: 2 ** 32 - 1 });
    expect(decodeFrames(huge).frames).toHaveLength(0);
    huge.writeUInt32LE(2 ** 31 - 1, 12);
    expect(decodeFrames(huge).frames).toHaveLength(0);
  });
});

describe("whole frames that do not belong together", () => {
  const [one, two, three] = frames as [typeof frames[0], typeof frames[0], typeof frames[0]];
  test.each([
    ["a chunk left out", [one!, three!]],
    ["a chunk twice", [one!, one!]],
    ["chunks in the wrong order", [two!, one!]],
    ["another vocabulary", [one!, { ...two!, vocabularySize: 7 }]],
    ["a reference for one of them", [one!, { ...two!, reference: null }]],
    ["another context", [one!, inventFrames({ chunks: 1, first: 8, contextTokens: 32 })[0]!]],
  ])("%s", (_, given) => {
    const { frames: found, wholeBytes } = decodeFrames(Buffer.concat(given.map(encodeFrame)));
    expect(found).toEqual([given[0]]);
    expect(wholeBytes).toBe(frameBytes);
  });
});

test("655 chunks of 255 tokens are decoded in a moment", () => {
  const all = Buffer.concat(inventFrames({ chunks: 655 }).map(encodeFrame));
  const start = process.cpuUsage();
  expect(decodeFrames(all).frames).toHaveLength(655);
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(3);
});
