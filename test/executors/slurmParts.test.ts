import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { divideCell, earlierDivisions } from "../../harness/executors/slurm/divide.ts";
import { type Need, resourceOptions, wantsDevice, withDevice } from "../../harness/executors/slurm/resources.ts";
import { slurmExecutor } from "../../harness/executors/slurm/slurm.ts";
import { logFile, type Submission, writeEnded } from "../../harness/executors/slurm/submission.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import { isStored } from "../../harness/jobs/isStored.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { jobKey } from "../../harness/jobs/jobFile.ts";
import { ownSteps } from "../../harness/jobs/ownSteps.ts";
import { rangesOf } from "../../harness/jobs/parts.ts";
import { growingOf } from "../../harness/jobs/runPart.ts";
import { stepNamed } from "../../harness/jobs/stepNamed.ts";
import { demoModel } from "../../harness/paths.ts";
import { standingOf } from "../../harness/status/standing.ts";
import { slurmScheduler } from "../../harness/executors/slurm/scheduler.ts";
import { keyInputs } from "../../harness/steps/key.ts";
import { partFile } from "../../harness/steps/partFrames.ts";
import { writePlan } from "../../harness/store/plan.ts";
import { resultsStore, writeRecord } from "../../harness/store/store.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import { makePlan } from "../../harness/sweep/plan.ts";
import { type CellJob, type CellsEnded, runCells } from "../../harness/sweep/runCells.ts";
import { fakeSlurm } from "../support/fakeSlurm.ts";
import { encodeFrame, inventFrames } from "../support/frames.ts";
import { paperTarget } from "../support/target.ts";
import { temporaryFolder } from "../support/temporary.ts";

const on = paperTarget();
const hour = 3600;
const chunks = 40;
const divided: Need = { seconds: 12 * hour, bytes: 1e9, divided: { parts: 4, maxHours: 4, quantizes: "once", seconds: { evaluate: 12 * hour, quantize: 600, rest: 60 } } };
const whole: Need = { seconds: hour, bytes: 1e9 };

let results = "";
let cells: CellJob[] = [];
/** What makeJobs planned for: for the plan of the results folder. */
let asked: Parameters<typeof makePlan>[0];

beforeEach(async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  const folder = await temporaryFolder();
  results = path.join(folder, "out");
  const text = path.join(folder, "text.txt");
  await writeFile(text, "Some words that are long enough for many contexts. ".repeat(100));
  const study = parseStudy("name: s\ncontext: 8\nbatch: 32\ncells: [{ name: big, type: Q4_0 }, { name: small, type: Q8_0 }]", "s.yaml", () => "");
  const settings = { context: study.context, batch: study.batch, ubatch: study.ubatch, chunks };
  const gguf = await readGguf(demoModel);
  const given = { model: { path: demoModel, sha256: "a".repeat(64) }, text: { path: text, sha256: "b".repeat(64) } };
  const target = { release: on.build.release, build: on.build.key, threads: 3 };
  cells = study.cells.map((cell) => ({ cell, job: { format: 1, name: cell.name, results, target, steps: planCell({ cell, study, settings, gguf, files: {} }, given, on) } }));
  const content = (file: { path: string; sha256: string }): { path: string; sha256: string; name: string; bytes: number } => ({ ...file, name: path.basename(file.path), bytes: 1 });
  asked = { study, studyPath: "s.yaml", model: content(given.model), text: content(given.text), settings, calibrations: new Map(), files: {}, ready: new Map(), on, devices: [], argv: [] };
});

const jobOf = (name: string): Job => cells.find(({ job }) => job.name === name)!.job;

/** What a task leaves: of a part its frames, of a whole, or where nothing else is left to do, the records. */
async function play(submission: Submission, array: string, index: number, isLast = false): Promise<void> {
  const { cell, part } = submission.arrays.find(({ name }) => name === array)!.tasks[index]!;
  const [, quantized] = /^quantize of (.*)$/.exec(cell) ?? [];
  const job = jobOf(quantized ?? cell);
  if (part) await writePart({ ...job, part });
  if (!part || isLast) for (const step of ownSteps(job).filter((one) => quantized === undefined || one.step === "quantize")) await record(job, step);
  await writeEnded(submission, array, index, { failure: null, log: null, host: "n1" });
}

async function writePart(job: Job & { part: NonNullable<Job["part"]> }): Promise<void> {
  const range = rangesOf(chunks, 4, job.part.of)[job.part.index - 1]!;
  const { file } = partFile(growingOf(job), range.first);
  await mkdir(path.dirname(file), { recursive: true });
  const frames = inventFrames({ first: range.first, chunks: range.count ?? chunks - range.first, contextTokens: 8, compared: false });
  await writeFile(file, Buffer.concat(frames.map((frame) => encodeFrame({ ...frame, availableChunks: chunks }))));
}

async function record(job: Job, { step, key, config, inputs }: Job["steps"][number]): Promise<void> {
  const hashes = Object.fromEntries(Object.entries(inputs).map(([role, input]) => [role, "file" in input ? input.sha256 : input.step]));
  const result = step === "evaluate" ? { perplexity: { ppl: 10, error: 0.1, nll: 2.3, chunks: [2.2, 2.4] }, divergence: null, perplexitySeconds: 1, tokensPerSecond: 1 } : {};
  await writeRecord(resultsStore(job.results), { key, inputs: keyInputs(stepNamed(step), config, hashes, on), result, argv: [], seconds: 1, date: new Date().toISOString(), files: {} }, {});
}

/** A sweep that looks often and waits for little. */
function run(events: SweepEvent[] = []): Promise<CellsEnded> {
  const executor = slurmExecutor({
    study: "s", results, settings: {}, detach: false, timing: { queue: 50, store: 20, patience: 1500 },
    needs: async (jobs) => jobs.map(({ name }) => (name === "big" ? divided : whole)),
  });
  return runCells(cells, { results, failFast: false, again: new Set() }, executor, (event) => events.push(event), new AbortController().signal);
}

const tasksOf = ({ arrays }: Submission): unknown[] => arrays.map(({ name, tasks }) => [name.split("-").at(-1), tasks.map(({ cell, part, after }) => [cell, part?.index ?? null, after.length])]);

describe("a cell whose evaluation takes longer than a job may", () => {
  it("is submitted in parts behind what quantizes for them; a lost one fails it, and alone is submitted again", async () => {
    const slurm = await fakeSlurm();
    await writePlan(results, makePlan(asked, cells.map(({ cell, job }) => ({ cell, steps: job.steps }))));
    const events: SweepEvent[] = [];
    const first = run(events);
    const submission = await slurm.submission(results, 1);
    expect(tasksOf(submission)).toEqual([["shared", [["quantize of big", null, 0]]], ["cells", [["small", null, 0]]], ["after", [["big", 1, 1], ["big", 2, 1], ["big", 3, 1], ["big", 4, 1]]]]);
    expect(events).toContainEqual({ kind: "note", text: "evaluations of 1 cells take longer than a job may: 4 parts of them are jobs of their own" });
    const [shared, small, parts] = submission.arrays.map(({ name }) => name) as [string, string, string];
    await slurm.list([{ array: parts, index: 1 }, { array: parts, index: 2 }]);
    await play(submission, shared, 0);
    await play(submission, small, 0);
    await play(submission, parts, 0);
    await vi.waitUntil(() => events.some((event) => event.kind === "cell" && event.text === "part 3 of 4 runs on n2"));
    const standing = (await standingOf(results, () => slurmScheduler({ note: () => undefined, signal: new AbortController().signal }))).cells.find(({ name }) => name === "big")!;
    expect(standing).toMatchObject({ state: "running", node: "n1, n2", chunks: { done: 8, of: chunks } });
    await writeFile(logFile(submission, parts, 2), "some last words\n");
    for (const index of [1, 3]) await play(submission, parts, index);
    await slurm.list([]);
    expect(await first).toMatchObject({ computed: ["small"], failed: [{ name: "big", reason: expect.stringMatching(/^part 3 of 4: lost: Slurm no longer knows it, .*; its log ends: some last words$/) as string, log: logFile(submission, parts, 2) }] });
    const calls = await slurm.submitted();
    expect(calls).toHaveLength(5);
    // Twice a part's three hours and what comes after it, and ten minutes.
    expect(calls.find((call) => call.includes(parts))).toMatch(/--time=372 .*--array=0-3 /);
    const after = (await standingOf(results, () => slurmScheduler({ note: () => undefined, signal: new AbortController().signal }))).cells.find(({ name }) => name === "big")!;
    expect(after).toMatchObject({ state: "lost", reason: "part 3 of 4: its log ends: some last words", chunks: { done: 32, of: chunks } });

    const second = run();
    const again = await slurm.submission(results, 2);
    expect(tasksOf(again)).toEqual([["cells", [["big", 3, 0]]]]);
    await play(again, again.arrays[0]!.name, 0, true);
    expect(await second).toMatchObject({ computed: ["big"], stored: ["small"], failed: [] });
  });

  it("is done as a whole where all parts are, and what comes after them is not", async () => {
    const big = jobOf("big");
    const earlier = new Map([[jobKey(big), { of: 5, alone: true }]]);
    const part = (index: number): Job & { part: NonNullable<Job["part"]> } => ({ ...big, part: { index, of: 5, alone: true } });
    const divide = async (...live: number[]): Promise<(number | null)[]> => (await divideCell(big, divided, { earlier, live: new Set(live) })).jobs.map((job) => job.part?.index ?? null);
    // Nothing of the earlier division was begun.
    expect(await divide()).toEqual([1, 2, 3, 4]);
    expect(await divide(2)).toEqual([1, 3, 4, 5]);
    for (const index of [1, 2, 4]) await writePart(part(index));
    expect(await divide()).toEqual([3, 5]);
    expect(await divide(3, 5)).toEqual([]);
    for (const index of [3, 5]) await writePart(part(index));
    expect(await isStored(big)).toBe(false);
    expect(await divide()).toEqual([null]);
  });

  it("is not divided where no time is known, and is divided as it was when it was submitted last", async () => {
    const big = jobOf("big");
    expect((await divideCell(big, { seconds: null, bytes: 1 }, { earlier: new Map(), live: new Set() })).jobs).toEqual([big]);
    const submission = (of: number): Submission => ({ format: 1, name: "s", results, date: "2026-01-01T00:00:00Z", probed: [], arrays: [{ name: "a", tasks: [{ job: jobKey(big), cell: "big", after: [], part: { index: 1, of, alone: false } }] }] });
    expect(earlierDivisions([submission(3), submission(7)])).toEqual(new Map([[jobKey(big), { of: 7, alone: false }]]));
  });

  it("has parts that each quantize, with the time for it, where that is cheaper", async () => {
    const each: Need = { ...divided, divided: { ...divided.divided!, quantizes: "each" } };
    const { jobs, before, needs } = await divideCell(jobOf("big"), each, { earlier: new Map(), live: new Set() });
    expect(before).toBeNull();
    expect(jobs.map(({ part }) => part)).toEqual([1, 2, 3, 4].map((index) => ({ index, of: 4, alone: true })));
    expect(needs.get(jobs[0]!)).toEqual({ seconds: 3 * hour + 600 + 60, bytes: 1e9 });
  });
});

it("jobs of a study with a device ask for one of their node's, if nothing else was said", () => {
  const job = jobOf("small");
  const of = (target: Partial<Job["target"]>): Job[] => [{ ...job, target: { ...job.target, ...target } }];
  const site = { arrayTasks: 1001, seconds: Infinity, partition: "p" };
  const gpu = of({ backend: "cuda", device: "CUDA0" });
  expect(resourceOptions(gpu, [whole], withDevice({}, gpu.some(wantsDevice)), site)).toContain("--gres=gpu:1");
  expect(withDevice({ gres: "gpu:a100:1" }, true)).toEqual({ gres: "gpu:a100:1" });
  expect(withDevice({ options: "--gpus-per-node=a100:1" }, true)).toEqual({ options: "--gpus-per-node=a100:1" });
  expect(withDevice({}, of({ backend: "rpc", device: "host:1" }).some(wantsDevice))).toEqual({});
  expect(withDevice({}, wantsDevice(job))).toEqual({});
  // Quantizing is the processor's.
  const before = { ...gpu[0]!, steps: gpu[0]!.steps.slice(0, 1) };
  expect([before.steps[0]!.step, wantsDevice(before)]).toEqual(["quantize", false]);
});

it("a job is known again when it is asked for with other threads", () => {
  const job = jobOf("small");
  expect(jobKey({ ...job, target: { ...job.target, threads: 64 } })).toBe(jobKey(job));
  expect(jobKey({ ...job, target: { ...job.target, build: "f".repeat(64) } })).not.toBe(jobKey(job));
});
