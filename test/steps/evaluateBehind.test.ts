import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { ComputedElsewhere } from "../../harness/steps/computedElsewhere.ts";
import { evaluateBehind } from "../../harness/steps/evaluateBehind.ts";
import type { Tools } from "../../harness/steps/step.ts";
import { encodeFrame, inventFrames } from "../support/frames.ts";
import { temporaryFolder } from "../support/temporary.ts";

const frames = inventFrames({ chunks: 8, contextTokens: 16, compared: false });

/** Evaluates behind some frames of a file, where the program writes the others and ends with an error. */
async function evaluate(there: number, error: Error): Promise<string> {
  const file = path.join(await temporaryFolder(), "frames");
  if (there > 0) await writeFile(file, Buffer.concat(frames.slice(0, there).map(encodeFrame)));
  const tools: Partial<Tools> = {
    report: () => undefined,
    async run() {
      await appendFile(file, Buffer.concat(frames.slice(there).map(encodeFrame)));
      throw error;
    },
  };
  const expected = { context: 16, vocabulary: 1024, compared: false } as unknown as Parameters<typeof evaluateBehind>[1]["expected"];
  await expect(evaluateBehind({ file, begin: 0, frames: frames.slice(0, there) }, { argv: ["llama-perplexity"], end: 8, compared: false, expected }, tools as Tools)).rejects.toBe(error);
  return file;
}

const bytesOf = (count: number): Buffer => Buffer.concat(frames.slice(0, count).map(encodeFrame));

it("what was computed elsewhere than it was to goes, and what was there before stays", async () => {
  const file = await evaluate(4, new ComputedElsewhere("elsewhere"));
  expect((await readFile(file)).equals(bytesOf(4))).toBe(true);
  const fresh = await evaluate(0, new ComputedElsewhere("elsewhere"));
  expect(await stat(fresh).catch(() => null)).toBeNull();
});

it("what was computed by a program that was stopped or failed stays, to be gone on behind", async () => {
  const file = await evaluate(4, new Error("killed"));
  expect((await readFile(file)).equals(bytesOf(8))).toBe(true);
});
