import { mkdir, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { statusText } from "../../harness/cli/statusText.ts";
import { claimsFolder } from "../../harness/jobs/claims.ts";
import { withClaim } from "../../harness/process/claim.ts";
import { withRates } from "../../harness/status/rates.ts";
import { standingOf } from "../../harness/status/standing.ts";
import { partFile } from "../../harness/steps/partFrames.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { growingFile, resultsStore } from "../../harness/store/store.ts";
import { startScript } from "../support/cli.ts";
import { goodPerplexity } from "../support/fakeBuild.ts";
import { encodeFrame, inventFrames } from "../support/frames.ts";
import { makeLab, type SweepLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

const standing = (lab: SweepLab): ReturnType<typeof standingOf> => standingOf(lab.out, () => {
  throw new Error("no scheduler is asked where nothing was submitted");
});

it("of a sweep on this machine it says what is stored, what failed and why, and what waits", async () => {
  const lab = await makeLab();
  await lab.run({ only: "f16" });
  await lab.run({ only: "a" }, { quantize: "echo broken >&2; exit 3" });
  const found = await standing(lab);
  expect(found.cells.map(({ name, state }) => [name, state])).toEqual([["f16", "stored"], ["a", "failed"], ["b", "waiting"]]);
  expect(found.cells[1]).toMatchObject({ reason: expect.stringMatching(/^quantize: llama-quantize ended with exit code 3: broken$/), log: expect.stringMatching(/llama-quantize\.log$/) });
  expect(statusText(found)).toMatch(/^s in .*: 1 stored, 1 waiting, 1 failed\ncell +state .*\nb +waiting\na +failed .*quantize: llama-quantize ended with exit code 3: broken \(.*\)$/);
});

it("of a cell that runs it says where, since when, and how far", async () => {
  const lab = await makeLab();
  const stop = new AbortController();
  const flag = path.join(lab.folder, "hanging");
  const running = lab.run({ only: "a" }, { perplexity: `${goodPerplexity}\ntouch ${flag}; sleep 300 & wait` }, stop.signal);
  while (!(await stat(flag).catch(() => null))) await new Promise((resolve) => setTimeout(resolve, 20));
  const found = await standing(lab);
  // Whoever looks on can leave.
  const watching = startScript("status.ts", ["--results", lab.out, "--watch"]);
  await watching.said("1 running");
  watching.child.kill("SIGINT");
  expect(await watching.ended).toMatchObject({ code: 130, stderr: "interrupted\n", stdout: expect.stringMatching(/^\d\d:\d\d:\d\d s in .*: 1 running, \d waiting\ncell +state .*\na +running [^]*\n\n$/) as string });
  expect((await standing(lab)).cells.find(({ name }) => name === "a")).toMatchObject({ state: "running" });
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  const cell = found.cells.find(({ name }) => name === "a")!;
  expect(cell).toMatchObject({ state: "running", node: os.hostname(), step: "evaluate", chunks: { done: 2, of: 2 } });
  expect(Math.abs(Date.now() - Date.parse(cell.since!))).toBeLessThan(60_000);
});

it("of a cell whose parts are done by hand it says where, and counts the chunks of all", async () => {
  const lab = await makeLab();
  await lab.run({ only: "a" }, { perplexity: "exit 3" });
  const { growing } = (await readPlan(lab.out))!.cells.find(({ cell }) => cell.name === "a")!.steps.find(({ step }) => step === "evaluate")!;
  const whole = growingFile(resultsStore(lab.out), "evaluate", growing!);
  await mkdir(path.dirname(whole), { recursive: true });
  const frames = (first: number, chunks: number): Buffer => Buffer.concat(inventFrames({ first, chunks, contextTokens: 8, compared: false }).map((frame) => encodeFrame({ ...frame, availableChunks: 20 })));
  for (const [first, chunks] of [[0, 3], [8, 4]] as const) await writeFile(partFile(whole, first).file, frames(first, chunks));
  const claim = path.join(claimsFolder(resultsStore(lab.out)), `${growing}-from-8`);
  const found = await withClaim(claim, async () => standing(lab), { signal: new AbortController().signal, onWait: () => undefined });
  expect(found.cells.find(({ name }) => name === "a")).toMatchObject({ state: "running", node: os.hostname(), step: "evaluate", chunks: { done: 7, of: 20 } });
});

it("chunks a minute are those between two looks", () => {
  const look = (done: number): Parameters<typeof withRates>[0]["standing"] => ({ results: "r", study: "s", unknown: null, cells: [{ name: "a", state: "running", node: null, since: null, step: "evaluate", chunks: { done, of: 10 }, chunksPerMinute: null, reason: null, log: null }] });
  expect(withRates({ standing: look(2), at: 0 }, { standing: look(5), at: 30_000 }).cells[0]!.chunksPerMinute).toBe(6);
  expect(withRates({ standing: look(2), at: 0 }, { standing: look(2), at: 30_000 }).cells[0]!.chunksPerMinute).toBeNull();
});
