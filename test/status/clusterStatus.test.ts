import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { statusText } from "../../harness/cli/statusText.ts";
import { preparationFiles, prepareOnNode } from "../../harness/executors/slurm/preparation.ts";
import { slurmScheduler } from "../../harness/executors/slurm/scheduler.ts";
import { helperNames, logFile, readSubmissions, type Submission, submissionFolder, writeEnded, writeSubmission } from "../../harness/executors/slurm/submission.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { jobKey, writeJob } from "../../harness/jobs/jobFile.ts";
import { cancelSubmitted } from "../../harness/status/cluster.ts";
import { standingOf } from "../../harness/status/standing.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { fakeSlurm, type FakeSlurm } from "../support/fakeSlurm.ts";
import { makeLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

let slurm: FakeSlurm;
beforeEach(async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  slurm = await fakeSlurm();
});

const scheduler = (): ReturnType<typeof slurmScheduler> => slurmScheduler({ note: () => undefined, signal: new AbortController().signal });
const standing = (results: string): ReturnType<typeof standingOf> => standingOf(results, scheduler);

it("of a study whose cells are being prepared it says how the job that does so stands, from its place in the queue to its end", async () => {
  const results = path.join(await temporaryFolder(), "out");
  const stop = new AbortController();
  const running = prepareOnNode({ study: "my-study", results, settings: {}, request: {}, bytes: 1, threads: 1, timing: { queue: 10, store: 10, patience: 60_000 } }, { note: () => undefined, signal: stop.signal });
  while ((await slurm.submitted()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const [submission] = await readSubmissions(results) as [Submission];
  const name = helperNames(submission).preparation;
  const log = logFile(submission, name, "job");
  await slurm.list([{ array: name, index: 1 }]);
  await writeFile(log, "building 20 %\nbuilding 40 %\n");
  const found = await standing(results);
  expect(found).toMatchObject({ study: "my-study", unknown: null, cells: [{ name: "preparation", state: "running", node: "n1", since: new Date("2026-01-01T00:00:00").toISOString(), reason: "building 40 %", log }] });
  expect(statusText(found)).toMatch(/^my-study in .*: 1 running\n.*\npreparation +running +n1 +2026-01-01 00:00:00 +building 40 % \(/);
  await slurm.list([]);
  expect((await standing(results)).cells).toMatchObject([{ state: "lost", reason: "its log ends: building 20 %; building 40 %", log }]);
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect((await standing(results)).cells).toMatchObject([{ state: "cancelled" }]);
  await writeFile(preparationFiles(submissionFolder(submission)).answer, JSON.stringify({ host: "n1", failure: "node n1: it has no compiler" }));
  expect((await standing(results)).cells).toMatchObject([{ state: "failed", reason: "node n1: it has no compiler", log }]);
});

it("of cells whose jobs are lost or were cancelled it says so, what they left, and what goes on with them", async () => {
  const lab = await makeLab();
  await lab.run({ only: "f16" });
  const submission: Submission = { format: 1, name: "s-1", results: lab.out, date: new Date().toISOString(), probed: [], arrays: [{ name: "s-1-cells", tasks: ["a", "b"].map((cell) => ({ job: "5".repeat(64), cell, after: [] })) }] };
  await writeSubmission(submission);
  await slurm.list([{ array: "s-1-cells", index: 1 }]);
  const states = async (): Promise<unknown> => (await standing(lab.out)).cells.map(({ name, state, reason }) => [name, state, reason]);
  expect(await states()).toEqual([["f16", "stored", null], ["a", "lost", "it left neither a record nor a log"], ["b", "running", null]]);
  expect(statusText(await standing(lab.out))).toMatch(/\nnpm run sweep with the same options goes on with what is lost or cancelled$/);
  await writeFile(logFile(submission, "s-1-cells", 1), "stopped by the scheduler\n");
  expect(await cancelSubmitted(lab.out, scheduler)).toEqual(["7"]);
  await slurm.list([]);
  expect(await states()).toEqual([["f16", "stored", null], ["a", "cancelled", "it left no log"], ["b", "cancelled", "its log ends: stopped by the scheduler"]]);
});

it("tasks that were submitted for an earlier plan count as long as they wait or run, and where they were for the same steps", async () => {
  const lab = await makeLab();
  await lab.run({ only: "f16" });
  const { cells, date } = (await readPlan(lab.out))!;
  const stepsOf = (name: string): Job["steps"] => cells.find(({ cell }) => cell.name === name)!.steps.map((step) => ({ ...step, config: {}, inputs: {} }));
  const job: Job = { format: 1, name: "b", results: lab.out, target: { release: "r", build: "b", threads: 1 }, steps: stepsOf("b") };
  await writeJob(job);
  const other: Job = { ...job, name: "a", steps: stepsOf("a").map((step) => ({ ...step, key: "6".repeat(64) })) };
  await writeJob(other);
  const submit = async (seconds: number): Promise<void> => writeSubmission({ format: 1, name: "s-1", results: lab.out, date: new Date(Date.parse(date) + 1000 * seconds).toISOString(), probed: [], arrays: [{ name: "s-1-cells", tasks: [other, job].map((one) => ({ job: jobKey(one), cell: one.name, after: [] })) }] });
  const states = async (): Promise<unknown> => (await standing(lab.out)).cells.map(({ state }) => state);
  await submit(-1);
  await writeEnded((await readSubmissions(lab.out))[0]!, "s-1-cells", 0, { failure: null, log: null, host: "n1" });
  expect(await states()).toEqual(["stored", "waiting", "lost"]);
  await slurm.list([{ array: "s-1-cells", index: 0 }]);
  expect(await states()).toEqual(["stored", "running", "lost"]);
  await slurm.list([]);
  await lab.run({ only: "f16" });
  await submit(1);
  expect(await states()).toEqual(["stored", "lost", "lost"]);
});

it.each([
  ["nothing", async () => undefined, /out is not there: give the results folder of a sweep with --results$/],
  ["a file", (file: string) => writeFile(file, ""), /out is a file: give the results folder of a sweep with --results$/],
  ["an empty folder", (file: string) => mkdir(file), /out holds no results; run npm run sweep first, or give its folder$/],
])("of %s in the place of a results folder it says what is wrong", async (_kind, make, message) => {
  const results = path.join(await temporaryFolder(), "out");
  await make(results);
  await expect(standing(results)).rejects.toThrow(message);
});
