import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { planArrays } from "../../harness/executors/slurm/arrays.ts";
import { resourceOptions } from "../../harness/executors/slurm/resources.ts";
import { slurmScheduler } from "../../harness/executors/slurm/scheduler.ts";
import { isTransient } from "../../harness/executors/slurm/transient.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { otherBuild } from "../../harness/jobs/otherBuild.ts";
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
      ["s-1-shared", [], ["reference"]],
      ["s-1-cells", [], ["free-3"]],
      ["s-1-after", ["s-1-shared"], ["bound-2", "bound-4"]],
    ]);
    expect(arrays[2]!.tasks.map(({ after }) => after)).toEqual([arrays[0]!.tasks, arrays[0]!.tasks].map((tasks) => tasks.map((task) => task.job)));
  });

  it("have no more tasks than the cluster allows", () => {
    const arrays = planArrays("s-1", [], ["2", "3", "4", "5", "6"].map(free), 2);
    expect(arrays.map(({ name, tasks }) => [name, tasks.length])).toEqual([["s-1-cells-1", 2], ["s-1-cells-2", 2], ["s-1-cells-3", 1]]);
  });
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
  expect(await otherBuild({ results: lab.out, target }, { key: hash("1"), features: "x64 sse2" }, "q.json")).toMatch(/^q\.json was made for build 0{12} of llama\.cpp b0, but this machine makes 1{12}: this processor lacks avx2; run npm run sweep here, or keep to machines of the kind/);
});
