import { appendFile, cp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../harness/analysis/gaussian.ts";
import { type Build, ensureBuild } from "../../harness/build/build.ts";
import { loadResults } from "../../harness/report/load.ts";
import type { Evaluation } from "../../harness/steps/evaluate.ts";
import { firstFrames, readFrames } from "../../harness/steps/growingFrames.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { cacheStore, resultsStore, stepFolder } from "../../harness/store/store.ts";
import { sweep, type SweepResult } from "../../harness/sweep/sweep.ts";
import { type LoggedBuild, loggedBuild } from "../support/loggedBuild.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

/** Chunks that are evaluated together. */
const perBatch = 4;

let build: Build;
const before = process.env["QUANTFLEX_CACHE"];
beforeAll(async () => {
  build = await ensureBuild("patched");
  process.env["QUANTFLEX_CACHE"] = await lastingTemporaryFolder();
});
afterAll(() => {
  if (before === undefined) delete process.env["QUANTFLEX_CACHE"];
  else process.env["QUANTFLEX_CACHE"] = before;
});

type Figures = Pick<Evaluation, "perplexity" | "divergence">;

interface Lab extends LoggedBuild {
  out: string;
  /** The file that the frames of the only cell grow in. */
  frames(): Promise<string>;
  run(cell: "f16" | "q", chunks: number): Promise<SweepResult>;
  figures(): Promise<Figures>;
  /** What the last evaluation printed. */
  log(): Promise<string>;
  /** First chunk of each evaluation so far. */
  firstChunks(): Promise<number[]>;
}

async function makeLab(compared: boolean): Promise<Lab> {
  const folder = await lastingTemporaryFolder();
  const [study, out] = [path.join(folder, "s.yaml"), path.join(folder, "out")];
  await writeFile(study, `name: s\ncontext: 128\nbatch: ${128 * perBatch}\nkl_divergence: ${compared}\ncells:\n  - { name: f16, type: F16 }\n  - { name: q, type: IQ4_NL }\n`);
  const logged = await loggedBuild(build, path.join(folder, "bin"));
  return {
    ...logged, out,
    async frames() {
      const growing = path.join(resultsStore(out), "evaluate", "growing");
      const names = await readdir(growing).catch(() => []);
      const [name, ...others] = names.filter((one) => /^[0-9a-f]{64}$/.test(one));
      expect(others).toEqual([]);
      return path.join(growing, name ?? "none yet");
    },
    run: (only, chunks) => sweep({ study, out, only, chunks, threads: 2, build: logged.build }, () => undefined, new AbortController().signal),
    async figures() {
      const [{ record } = { record: null }] = (await loadResults(out)).cells;
      const { perplexity, divergence } = record!;
      return { perplexity, divergence };
    },
    async log() {
      const { cells } = (await readPlan(out))!;
      const evaluations = cells.flatMap(({ steps }) => steps.filter(({ step }) => step === "evaluate"));
      const logs = await Promise.all(evaluations.map(({ step, key }) => readFile(path.join(stepFolder(resultsStore(out), step, key), "llama-perplexity.log"), "utf8").catch(() => "")));
      return logs.join("");
    },
    async firstChunks() {
      const evaluations = (await logged.calls()).filter((call) => call.arguments.includes("--frames"));
      return evaluations.map((call) => (call.arguments.includes("--first-chunk") ? Number(call.arguments.at(call.arguments.indexOf("--first-chunk") + 1)) : 0));
    },
  };
}

const programs = async (lab: Lab): Promise<string[]> => (await lab.calls()).map(({ program }) => program);

/** Leaves the frames alone. */
async function forgetRecords(lab: Lab): Promise<void> {
  const folder = path.join(resultsStore(lab.out), "evaluate");
  for (const name of await readdir(folder)) if (name !== "growing") await rm(path.join(folder, name), { recursive: true });
}

/**
 * Kills the next evaluation a moment after it has written some more chunks.
 *
 * @returns chunks that it left; null when it was faster
 */
async function killEvaluation(lab: Lab, more: number, moment: number, frameBytes: number): Promise<number | null> {
  const earlier = (await lab.firstChunks()).length;
  const running = lab.run("f16", 130);
  let ended = false;
  void running.finally(() => (ended = true));
  while ((await lab.firstChunks()).length === earlier) await wait(2);
  const { processId } = (await lab.calls()).at(-1)!;
  const enough = ((await lab.firstChunks()).at(-1)! + more) * frameBytes;
  const written = async (): Promise<number> => stat(await lab.frames()).then(({ size }) => size, () => 0);
  while (!ended && (await written()) < enough) await wait(1);
  await wait(moment);
  if (!ended) process.kill(processId, "SIGKILL");
  const { failed } = await running;
  if (failed.length === 0) return null;
  expect(failed[0]!.reason).toContain("SIGKILL");
  return (await readFrames(await lab.frames())).frames.length;
}

describe.each([false, true])("an evaluation, compared with a reference: %s", (compared) => {
  const frameBytes = 36 + 63 * (compared ? 40 : 16);
  let whole: Lab;
  let wholeFrames: Buffer;
  let wholeFigures: Figures;
  beforeAll(async () => {
    whole = await makeLab(compared);
    expect(await whole.run("f16", 130)).toMatchObject({ computed: ["f16"] });
    wholeFrames = await readFile(await whole.frames());
    wholeFigures = await whole.figures();
    expect(wholeFrames).toHaveLength(130 * frameBytes);
    expect(wholeFigures.divergence === null).toBe(!compared);
  });

  async function expectWhole(lab: Lab): Promise<void> {
    expect((await readFile(await lab.frames())).equals(wholeFrames)).toBe(true);
    expect(await lab.figures()).toEqual(wholeFigures);
  }

  it("that is killed at 20 moments leaves the frames of an undivided one, and evaluates at most one batch twice", async () => {
    const lab = await makeLab(compared);
    const random = seededRandom(compared ? 11 : 7);
    /** What the next evaluation may go back to. */
    const earliest = [0];
    for (let kills = 0; kills < 20; ) {
      const left = await killEvaluation(lab, Math.floor(random() * 9), random() * 20, frameBytes);
      earliest.push(left === null ? 0 : left - perBatch + 1);
      if (left === null) await rm(lab.out, { recursive: true });
      else kills++;
    }
    expect(await lab.run("f16", 130)).toMatchObject({ computed: ["f16"] });
    const firstChunks = await lab.firstChunks();
    expect(firstChunks).toHaveLength(earliest.length);
    for (const [index, first] of firstChunks.entries()) expect(first).toBeGreaterThanOrEqual(earliest[index]!);
    await expectWhole(lab);
  });

  it("of more chunks goes on behind those that there are, and quantizes nothing again", async () => {
    const [lab, fresh] = [await makeLab(compared), await makeLab(compared)];
    expect(await lab.run("q", 40)).toMatchObject({ computed: ["q"] });
    const few = await lab.figures();
    expect(await lab.run("q", 130)).toMatchObject({ computed: ["q"] });
    expect((await programs(lab)).filter((program) => program === "llama-quantize")).toHaveLength(1);
    expect(await lab.firstChunks()).toEqual([0, 40]);
    expect(await lab.log()).toMatch(/(calculating perplexity|computing) over 90 chunks/);
    await fresh.run("q", 130);
    expect(await lab.figures()).toEqual(await fresh.figures());
    expect(await fresh.firstChunks()).toEqual([0]);
    const calls = await programs(fresh);
    expect(await fresh.run("q", 40)).toMatchObject({ computed: ["q"], failed: [] });
    expect(await programs(fresh)).toEqual(calls);
    expect(await fresh.figures()).toEqual(few);
  });

  it("of fewer chunks needs no program, no quantized model and no reference", async () => {
    const [lab, fresh] = [await makeLab(compared), await makeLab(compared)];
    await lab.run("q", 20);
    const calls = await programs(lab);
    await rm(path.join(cacheStore(), "large"), { recursive: true });
    expect(await lab.run("q", 8)).toMatchObject({ computed: ["q"] });
    expect(await programs(lab)).toEqual(calls);
    await fresh.run("q", 8);
    expect(await lab.figures()).toEqual(await fresh.figures());
  });

  it("of fewer chunks than there are evaluates the last ones again where they make another batch", async () => {
    const [lab, fresh] = [await makeLab(compared), await makeLab(compared)];
    await lab.run("q", 20);
    const frames = await readFile(await lab.frames());
    // Three chunks in a batch: the last token of each comes out another than among four.
    expect(await lab.run("q", 11)).toMatchObject({ computed: ["q"] });
    expect((await readFile(await lab.frames())).equals(frames)).toBe(true);
    await fresh.run("q", 11);
    expect(await lab.figures()).toEqual(await fresh.figures());
    // Token by token too; but for how many chunks the reference had.
    const tokens = async (one: Lab): Promise<unknown> => (await firstFrames(await one.frames(), 11, perBatch))!.map(({ availableChunks: _chunks, ...frame }) => frame);
    expect(await tokens(lab)).toEqual(await tokens(fresh));
  });

  it.runIf(compared)("makes predictions again that were deleted", async () => {
    const lab = await makeLab(compared);
    const references = path.join(cacheStore(), "reference");
    const files = (await readdir(references)).map((key) => path.join(references, key, "reference"));
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    // Larger than what is looked at whenever its record is read.
    const largest = files[sizes.indexOf(Math.max(...sizes))]!;
    expect(Math.max(...sizes)).toBeGreaterThan(1 << 24);
    const content = await readFile(largest);
    await rm(largest);
    expect(await lab.run("f16", 130)).toMatchObject({ computed: ["f16"], failed: [] });
    expect((await readFile(largest)).equals(content)).toBe(true);
    await expectWhole(lab);
  });

  const damages: [string, number, (file: string) => Promise<void>][] = [
    ["a damaged frame", 60, (file) => flipByte(file, 61.5 * frameBytes)],
    ["a cut frame", 48, (file) => truncate(file, 50.5 * frameBytes)],
    ["a damaged first frame", 0, (file) => flipByte(file, 40)],
    ["more behind the frames", 128, (file) => appendFile(file, "more")],
  ];
  it.each(damages)("goes on in front of %s", async (_what, first, damage) => {
    const lab = await makeLab(compared);
    await cp(whole.out, lab.out, { recursive: true });
    await forgetRecords(lab);
    if (first === 128) await truncate(await lab.frames(), 129 * frameBytes);
    await damage(await lab.frames());
    expect(await lab.run("f16", 130)).toMatchObject({ computed: ["f16"] });
    expect(await lab.firstChunks()).toEqual([first]);
    await expectWhole(lab);
  });
});

async function flipByte(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[Math.floor(at)]! ^= 1;
  await writeFile(file, bytes);
}
