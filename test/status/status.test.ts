import { stat, writeFile } from "node:fs/promises";
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
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  const cell = found.cells.find(({ name }) => name === "a")!;
  expect(cell).toMatchObject({ state: "running", node: (await import("node:os")).hostname(), step: "evaluate", chunks: { done: 2, of: 2 } });
  expect(Math.abs(Date.now() - Date.parse(cell.since!))).toBeLessThan(60_000);
});

it("of a cell of which somebody evaluates a part it says that it runs, and how much its parts have", async () => {
  const lab = await makeLab();
  await lab.run({ only: "f16" });
  const { growing } = (await readPlan(lab.out))!.cells[1]!.steps.find(({ step }) => step === "evaluate")!;
  const { file } = partFile(growingFile(resultsStore(lab.out), "evaluate", growing!), 4);
  await writeFile(file, Buffer.concat(inventFrames({ contextTokens: 8, first: 4, chunks: 4, compared: false }).map(encodeFrame)));
  const claim = path.join(claimsFolder(resultsStore(lab.out)), path.basename(file));
  const signal = new AbortController().signal;
  const { cells } = await withClaim(claim, () => standing(lab), { signal, onWait: () => undefined });
  expect(cells[1]).toMatchObject({ name: "a", state: "running", step: "evaluate", chunks: { done: 4, of: 13 } });
  expect((await standing(lab)).cells[1]).toMatchObject({ state: "waiting", chunks: { done: 4, of: 13 } });
});

it("chunks a minute are those between two looks", () => {
  const look = (done: number): Parameters<typeof withRates>[0]["standing"] => ({ results: "r", study: "s", unknown: null, cells: [{ name: "a", state: "running", node: null, since: null, step: "evaluate", chunks: { done, of: 10 }, chunksPerMinute: null, reason: null, log: null }] });
  expect(withRates({ standing: look(2), at: 0 }, { standing: look(5), at: 30_000 }).cells[0]!.chunksPerMinute).toBe(6);
  expect(withRates({ standing: look(2), at: 0 }, { standing: look(2), at: 30_000 }).cells[0]!.chunksPerMinute).toBeNull();
});
