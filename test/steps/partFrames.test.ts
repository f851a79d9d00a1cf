import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it } from "vitest";
import { decodeFrames } from "../../harness/parse/frames.ts";
import { appendPart, isPartDone, partFile } from "../../harness/steps/partFrames.ts";
import { encodeFrame, inventFrames } from "../support/frames.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Where the whole evaluation grows. */
let growing = "";
beforeEach(async () => void (growing = path.join(await temporaryFolder(), "growing")));

/** Frames in batches of four, of a text of twenty chunks; where they are compared, with a reference of so many as there are. */
async function put(file: string, first: number, chunks: number, compared = true): Promise<void> {
  const frames = inventFrames({ first, chunks, contextTokens: 8, compared });
  await writeFile(file, Buffer.concat(frames.map((frame) => encodeFrame({ ...frame, availableChunks: compared ? first + chunks : 20 }))));
}

it("a part is done when its chunks are there, whatever a smaller reference of another time had", async () => {
  const done = (first: number, count: number | null, wanted: number | null): Promise<boolean> => isPartDone(growing, { first, count }, wanted, 4);
  await put(growing, 0, 6);
  expect([await done(0, 4, 20), await done(0, 8, 20), await done(8, null, 20)]).toEqual([true, false, false]);
  await put(partFile(growing, 8).file, 8, 8);
  expect([await done(8, 8, 20), await done(8, null, 20), await done(8, null, 16)]).toEqual([true, false, true]);
});

it("a part without a reference goes to the text's end, whatever was asked for", async () => {
  await put(partFile(growing, 8).file, 8, 12, false);
  for (const wanted of [null, 20, 100]) expect(await isPartDone(growing, { first: 8, count: null }, wanted, 4)).toBe(true);
});

it("a part is put behind whole batches: the last ones of an evaluation with a smaller reference are not among them", async () => {
  await put(growing, 0, 6);
  await put(partFile(growing, 8).file, 8, 4);
  expect(await appendPart(growing, partFile(growing, 8), 4)).toEqual({ first: 4, count: 4 });
  await put(partFile(growing, 0).file, 4, 4);
  for (const first of [0, 8]) expect(await appendPart(growing, partFile(growing, first), 4)).toBeNull();
  expect(decodeFrames(await readFile(growing)).frames.map(({ chunk, batchChunks }) => [chunk, batchChunks])).toEqual(Array.from({ length: 12 }, (_, chunk) => [chunk, 4]));
});

it("a part that goes no further than the whole is given up", async () => {
  await put(growing, 0, 6);
  const before = await readFile(growing);
  await put(partFile(growing, 4).file, 4, 1);
  expect(await appendPart(growing, partFile(growing, 4), 4)).toBeNull();
  expect(await readFile(growing)).toEqual(before);
  await expect(stat(partFile(growing, 4).file)).rejects.toThrow(/ENOENT/);
});
