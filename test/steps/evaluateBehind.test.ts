import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { runningPerplexity, tokenPerplexity } from "../../harness/analysis/tokenPerplexity.ts";
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

/** Output of a program that was heard all at once, after 300 ms. */
async function timed(plan: string): Promise<number | null> {
  const file = path.join(await temporaryFolder(), "frames");
  const all = inventFrames({ chunks: 8, contextTokens: 512, compared: false }).map((frame) => ({ ...frame, availableChunks: 8 }));
  const { ppl, error, chunks } = tokenPerplexity(all);
  const running = runningPerplexity(all).map((value, index) => `[${index + 1}]${value.toFixed(4)},`);
  const text = [plan, ...running, ...chunks.map((nll, index) => `chunk ${index + 1} nll ${nll}`), `Final estimate: PPL = ${ppl.toFixed(4)} +/- ${error.toFixed(5)}`, ""].join("\n");
  const tools: Partial<Tools> = {
    report: () => undefined,
    async run(_argv, options) {
      await setTimeout(300);
      await writeFile(file, Buffer.concat(all.map(encodeFrame)));
      options?.onText?.(text, "stdout");
      return { stdout: text, stderr: "", seconds: 0.3 } as Awaited<ReturnType<Tools["run"]>>;
    },
  };
  const expected = { context: 512, vocabulary: 1024, perBatch: 4 };
  return (await evaluateBehind({ file, begin: 0, frames: [] }, { argv: ["llama-perplexity"], end: 8, compared: false, expected }, tools as Tools))!.tokensPerSecond;
}

it("is timed from when the program says that it began, not from when it was heard of", async () => {
  const perSecond = await timed("0.00.100.000 I perplexity: calculating perplexity over 8 chunks, n_ctx=512, batch_size=2048, n_seq=4");
  expect(perSecond).toBeLessThan((8 * 512) / 0.19);
  expect(perSecond).toBeGreaterThan((8 * 512) / 2);
});

it("has no speed where nothing tells when it began", async () => {
  expect(await timed("perplexity: calculating perplexity over 8 chunks, n_ctx=512, batch_size=2048, n_seq=4")).toBeNull();
});
