import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { planArrays } from "../../harness/executors/slurm/arrays.ts";
import { answerProbe, readAnswer } from "../../harness/executors/slurm/probe.ts";
import { resourceOptions, smallOptions } from "../../harness/executors/slurm/resources.ts";
import { type Scheduler, slurmScheduler } from "../../harness/executors/slurm/scheduler.ts";
import { readEnded, type Submission, submissionFile, writeEnded, writeSubmission } from "../../harness/executors/slurm/submission.ts";
import { submitAll } from "../../harness/executors/slurm/submit.ts";
import { runTask, taskNamed } from "../../harness/executors/slurm/task.ts";
import { isTransient } from "../../harness/executors/slurm/transient.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { writeJob } from "../../harness/jobs/jobFile.ts";
import { otherBuild } from "../../harness/jobs/otherMachine.ts";
import { slurmBytes, slurmSeconds } from "../../harness/study/slurmSettings.ts";
import { slurmSettings } from "../../harness/sweep/userSettings.ts";
import { makeLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

const hash = (character: string): string => character.repeat(64);
const job = (name: string, ...steps: Job["steps"]): Job => ({ format: 1, name, results: "/r", target: { release: "b1", build: hash("0"), threads: 4 }, steps });
const planned = (step: string, key: string, ...from: string[]): Job["steps"][number] => ({ step, key, growing: null, config: {}, inputs: Object.fromEntries(from.map((maker, index) => [`role${index}`, { step: maker }])) });

describe("arrays", () => {
  const shared = job("reference", planned("reference", hash("1")));
  const bound = (key: string): Job => job(`bound-${key}`, planned("reference", hash("1")), planned("evaluate", hash(key), hash("1")));
  const free = (key: string): Job => job(`free-${key}`, planned("evaluate", hash(key)));

  it("have what cells share first, and cells that need it behind that", () => {
    const arrays = planArrays("s-1", [shared], [bound("2"), free("3"), bound("4")], 1001);
    expect(arrays.map(({ name, after, tasks }) => [name, after, tasks.map(({ cell }) => cell)])).toEqual([
      ["s-1-shared", null, ["reference"]],
      ["s-1-cells", null, ["free-3"]],
      ["s-1-after", ["s-1-shared"], ["bound-2", "bound-4"]],
    ]);
    expect(arrays[2]!.tasks.map(({ after }) => after)).toEqual([arrays[0]!.tasks, arrays[0]!.tasks].map((tasks) => tasks.map((task) => task.job)));
  });

  it("wait for what an earlier submission makes, and only where it is needed", () => {
    const arrays = planArrays("s-1", [], [bound("2"), free("3")], 1001, [shared]);
    expect(arrays.map(({ name, after }) => [name, after])).toEqual([["s-1-cells", null], ["s-1-after", []]]);
  });

  it("have no more tasks than the cluster allows", () => {
    const arrays = planArrays("s-1", [], ["2", "3", "4", "5", "6"].map(free), 2);
    expect(arrays.map(({ name, tasks }) => [name, tasks.length])).toEqual([["s-1-cells-1", 2], ["s-1-cells-2", 2], ["s-1-cells-3", 1]]);
  });
});

it("jobs begin behind the probe and what they share, and with the limit that a sweep was given", async () => {
  const results = await temporaryFolder();
  const [shared, cell] = [job("reference", planned("reference", hash("1"))), job("q", planned("reference", hash("1")), planned("evaluate", hash("2"), hash("1")))];
  const submitted: { name: string; script: string; options: readonly string[] }[] = [];
  const scheduler: Pick<Scheduler, "submit"> = {
    submit: async (name, script, options) => String(submitted.push({ name, script: await readFile(script, "utf8"), options })),
  };
  const needs = new Map([shared, cell].map((one) => [one, { seconds: 60, bytes: 1e8 }]));
  await submitAll({ name: "s-1", results, arrays: planArrays("s-1", [shared], [cell], 1001), needs, settings: {}, site: { arrayTasks: 1001, seconds: Infinity, partition: "p" }, under: ["77"], stallMinutes: 3 }, scheduler as Scheduler, () => undefined);
  expect(submitted.map(({ name, options }) => [name, options.find((one) => one.startsWith("--dependency="))])).toEqual([
    ["s-1-probe", undefined],
    ["s-1-shared", "--dependency=afterok:1"],
    ["s-1-after", "--dependency=afterok:1,afterany:2:77"],
    ["s-1-report", "--dependency=afterany:2:3"],
  ]);
  expect(submitted[2]!.script).toMatch(/ --task "s-1-after:\$SLURM_ARRAY_TASK_ID" --stall-limit 3$/m);
});

it("a node that cannot read what jobs need says so in its answer", async () => {
  const results = await temporaryFolder();
  const submission: Submission = { format: 1, name: "s-1", results, date: new Date().toISOString(), probed: ["5".repeat(64)], arrays: [{ name: "s-1-cells", tasks: [{ job: hash("5"), cell: "q", after: [] }] }] };
  await writeSubmission(submission);
  const answer = await answerProbe(submission, new AbortController().signal);
  expect(answer.failure).toMatch(/^node \S+: .*5{64}\.json/);
  expect(await readAnswer(submission)).toEqual(answer);
});

it("a cell that needs what an earlier submission did not make does not begin, and says why", async () => {
  const results = await temporaryFolder();
  const [shared, cell] = [job("reference", planned("reference", hash("1"))), job("q", planned("reference", hash("1")), planned("evaluate", hash("2"), hash("1")))].map((one) => ({ ...one, results })) as [Job, Job];
  for (const one of [shared, cell]) await writeJob(one);
  const [earlier, later] = [
    { name: "s-1", arrays: planArrays("s-1", [shared], [], 10) },
    { name: "s-2", arrays: planArrays("s-2", [], [cell], 10, [shared]) },
  ].map(({ name, arrays }, index): Submission => ({ format: 1, name, results, date: new Date(index).toISOString(), probed: [], arrays: arrays.map(({ name: array, tasks }) => ({ name: array, tasks })) })) as [Submission, Submission];
  for (const one of [earlier, later]) await writeSubmission(one);
  await writeEnded(earlier, "s-1-shared", 0, { failure: "out of paper", log: null, host: "n1" });
  const task = await taskNamed(submissionFile(later), "s-2-after:0");
  const running = runTask(task, () => Promise.reject(new Error("it has begun")), { print: () => undefined, signal: new AbortController().signal });
  await expect(running).rejects.toThrow(/^reference, which cells share, failed: out of paper$/);
  expect(await readEnded(later, "s-2-after", 0)).toMatchObject({ failure: "reference, which cells share, failed: out of paper" });
});

describe("limits", () => {
  const site = { arrayTasks: 1001, seconds: 7200, partition: "p" };
  const jobs = [job("a", planned("evaluate", hash("2"))), job("b", planned("evaluate", hash("3")))];
  const needs = [{ seconds: 300, bytes: 4e8 }, { seconds: 1000, bytes: 2e8 }];

  it("are those of the largest job, with a margin", () => {
    expect(resourceOptions(jobs, needs, {}, site)).toEqual(["--time=44", "--mem=477M", "--ntasks=1", "--cpus-per-task=4"]);
  });

  it("are the partition's where the margin goes beyond it, and four hours where no time is known", () => {
    expect(resourceOptions(jobs, [needs[0]!, { seconds: 4000, bytes: 0 }], {}, site)).toContain("--time=120");
    expect(resourceOptions(jobs, [needs[0]!, { seconds: null, bytes: 0 }], {}, { ...site, seconds: Infinity })).toContain("--time=240");
  });

  it("are the settings', with all else that these say", () => {
    const settings = { partition: "p", options: "--account=x --constraint='a b'", gres: "gpu:1", time: "1:00:00", memory: "2G", cpus: 8 };
    expect(resourceOptions(jobs, needs, settings, site)).toEqual(["--time=1:00:00", "--mem=2G", "--ntasks=1", "--cpus-per-task=8", "--partition=p", "--gres=gpu:1", "--account=x", "--constraint=a b"]);
  });

  it("of Slurm's 0 are none, and memory that is asked for by processor goes instead of a job's", () => {
    expect(resourceOptions(jobs, needs, { time: "0", memory: "0" }, { ...site, seconds: Infinity })).toEqual(["--time=0", "--mem=0", "--ntasks=1", "--cpus-per-task=4"]);
    expect(() => resourceOptions(jobs, needs, { time: "0" }, site)).toThrow(/^--time asks for no limit, and partition p gives 7200 s at most/);
    expect(resourceOptions(jobs, needs, { options: "--mem-per-cpu=2G" }, site)).toEqual(["--time=44", "--ntasks=1", "--cpus-per-task=4", "--mem-per-cpu=2G"]);
    expect(smallOptions({ options: "--mem-per-cpu=2G" })).toEqual(["--mem-per-cpu=2G", "--time=10", "--ntasks=1"]);
    expect(smallOptions({})).toEqual(["--time=10", "--mem=1G", "--ntasks=1"]);
  });

  it.each([
    [{ time: "10" }, site, /^b needs about 1000 s by the plan, and --time gives 600 s: give more, or divide evaluations by fewer --max-job-hours$/],
    [{}, { ...site, seconds: 900 }, /^b needs about 1000 s by the plan, and partition p gives 900 s: give another with --partition, or divide evaluations by fewer --max-job-hours$/],
    [{ time: "3:00:00" }, site, /^--time asks for 10800 s, and partition p gives 7200 s at most/],
    [{ memory: "100M" }, site, /^a needs 400000000 bytes of memory by the plan, and --mem gives 104857600: give more$/],
  ])("below what is needed are refused: %j", (settings, there, message) => {
    expect(() => resourceOptions(jobs, needs, settings, there)).toThrow(message);
  });

  it.each([["90", 5400], ["1:30", 90], ["2:00:01", 7201], ["1-0", 86_400], ["1-2:30", 95_400]])("%s are %i seconds", (text, seconds) => expect(slurmSeconds(text)).toBe(seconds));
  it.each([["10", 10 * 2 ** 20], ["3G", 3 * 2 ** 30], ["1K", 1024]])("%s are %i bytes", (text, bytes) => expect(slurmBytes(text)).toBe(bytes));
});

describe("settings", () => {
  it("are the user's, the study's before them, and the options' before both", async () => {
    const folder = await temporaryFolder();
    vi.stubEnv("XDG_CONFIG_HOME", folder);
    await writeFile(path.join(folder, "quantflex.yaml"), "slurm: { partition: mine, gres: 'gpu:1', cpus: 2 }\n");
    expect(slurmSettings({ cpus: 8 }, { gres: "gpu:2" })).toEqual({ partition: "mine", gres: "gpu:2", cpus: 8 });
  });

  it("of a user that are not allowed are told with their place", async () => {
    const folder = await temporaryFolder();
    vi.stubEnv("XDG_CONFIG_HOME", folder);
    await writeFile(path.join(folder, "quantflex.yaml"), "slurm:\n  cpus: many\n");
    expect(() => slurmSettings({}, {})).toThrow(/quantflex\.yaml:2:9: slurm\.cpus: /);
  });
});

it("a machine without Slurm is told so in a line", () => {
  vi.stubEnv("PATH", "/nowhere");
  expect(() => slurmScheduler({ note: () => undefined, signal: new AbortController().signal })).toThrow(/^sbatch was not found on the PATH: --executor slurm is for a machine that submits to a Slurm cluster/);
});

it.each([
  ["sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", true],
  ["slurm_load_jobs error: Unexpected message received", true],
  ["squeue: error: slurm_receive_msg: Socket timed out on send/recv operation", true],
  ["sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying", true],
  ["sbatch: error: invalid partition specified: nowhere", false],
  ["sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified", false],
  ["sbatch: error: Memory specification can not be satisfied", false],
])("%s: another time %s", (said, expected) => expect(isTransient(said)).toBe(expected));

it("a processor that lacks features of the build is told which", async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  const lab = await makeLab();
  await lab.run({ only: "a" });
  const target = { release: "b0", build: hash("0"), threads: 1 };
  expect((await otherBuild({ results: lab.out, target }, { key: hash("1"), features: "x64 sse2" }, "q.json")).message).toMatch(/^q\.json was made for build 0{12} of llama\.cpp b0, but this machine makes 1{12}: this processor lacks avx2; run npm run sweep here, or keep to machines of the kind/);
});
