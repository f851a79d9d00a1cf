import { mkdir, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { statusText } from "../../harness/cli/statusText.ts";
import { claimsFolder } from "../../harness/jobs/claims.ts";
import { withClaim } from "../../harness/process/claim.ts";
import { rates } from "../../harness/status/rates.ts";
import { standingOf } from "../../harness/status/standing.ts";
import { type Standing, type StudyStanding, unsaid } from "../../harness/status/types.ts";
import { partFile } from "../../harness/steps/partFrames.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { growingFile, resultsStore } from "../../harness/store/store.ts";
import { startScript } from "../support/cli.ts";
import { goodPerplexity } from "../support/fakeBuild.ts";
import { encodeFrame, inventFrames } from "../support/frames.ts";
import { keepReference } from "../support/reference.ts";
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

it("of a comparison that began with a smaller reference it counts the chunks of the one that there is now", async () => {
  const lab = await makeLab();
  const study = path.join(lab.folder, "compared.yaml");
  await writeFile(study, "name: s\ncontext: 8\nbatch: 32\nkl_divergence: true\ncells: [{ name: a, type: Q4_0 }]\n");
  await lab.run({ study }, { perplexity: "exit 3" });
  const { steps } = (await readPlan(lab.out))!.cells[0]!;
  const { growing } = steps.find(({ step }) => step === "evaluate")!;
  const whole = growingFile(resultsStore(lab.out), "evaluate", growing!);
  await mkdir(path.dirname(whole), { recursive: true });
  await writeFile(whole, Buffer.concat(inventFrames({ chunks: 12, contextTokens: 8 }).map((frame) => encodeFrame({ ...frame, availableChunks: 8 }))));
  const chunks = async (): Promise<unknown> => (await standing(lab)).cells.find(({ name }) => name === "a")!.chunks;
  expect(await chunks()).toMatchObject({ done: 12, of: null });
  await keepReference(steps, 64);
  expect(await chunks()).toMatchObject({ done: 12, of: 64, files: [{ name: growing, chunks: 12, written: expect.any(Date) as Date }] });
});

describe("chunks a minute", () => {
  type Files = NonNullable<Standing["chunks"]>["files"];
  const file = (chunks: number, second: number | null, name = "f"): Files[number] => ({ name, chunks, written: second === null ? null : new Date(1000 * second) });
  const look = (files: Files): StudyStanding => ({ results: "r", study: "s", unknown: null, cells: [{ ...unsaid, name: "a", state: "running", since: new Date(20_000).toISOString(), step: "evaluate", chunks: { done: 0, of: 100, files } }] });
  /** What is said at each of some looks: the second of it, and the files then. */
  const said = (...looks: [at: number, ...files: Files][]): unknown[] => {
    const withRates = rates();
    return looks.map(([at, ...files]) => withRates(look(files), 1000 * at).cells[0]!.chunksPerMinute);
  };

  it("are what a batch took, however short the time between two looks, and nothing before one has come", () => {
    expect(said([100, file(4, 41)], [102, file(8, 101)])).toEqual([null, 4]);
    expect(said([100], [102, file(4, 101)], [162, file(8, 161)])).toEqual([null, null, 4]);
    expect(said([100, file(4, 41)], [102, file(4, 41)])).toEqual([null, null]);
    expect(said([30, file(4, 10)], [40, file(8, 35)], [60, file(12, 55)])).toEqual([null, null, 12]);
  });

  it("stay until the next batch comes, and become less where it does not", () => {
    expect(said([100, file(4, 41)], [110, file(8, 101)], [120, file(8, 101)], [170, file(12, 161)], [290, file(12, 161)])).toEqual([null, 4, 4, 4, 2]);
  });

  it("do not count a batch of which a part is written, nor batches that come within a second", () => {
    expect(said([100, file(4, 41)], [102, file(7, null)], [104, file(8, 101)])).toEqual([null, null, 4]);
    expect(said([100, file(5, null)], [102, file(8, 101)])).toEqual([null, null]);
    expect(said([100, file(4, 100)], [101, file(8, 100.5)], [102, file(40, 102)])).toEqual([null, null, 1080]);
  });

  it("are those of all parts, but not what is put together of them", () => {
    expect(said([100, file(4, 41, "x"), file(4, 100, "y")], [102, file(8, 101, "x"), file(4, 100, "y")], [162, file(8, 101, "x"), file(8, 160, "y")])).toEqual([null, 4, 8]);
    expect(said([100, file(4, 41, "x"), file(40, 90, "y")], [102, file(44, 101, "x")])).toEqual([null, null]);
  });
});
