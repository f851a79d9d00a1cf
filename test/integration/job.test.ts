import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { loadResults } from "../../harness/report/load.ts";
import { readFrames } from "../../harness/steps/growingFrames.ts";
import { resultsStore } from "../../harness/store/store.ts";
import { startScript } from "../support/cli.ts";
import { found, freshFolder as freshFolderOf, growing, leftOvers, sweepOnce, untilFrames } from "../support/jobLab.ts";
import { lastingTemporaryFolder, temporaryFolder } from "../support/temporary.ts";

/** A results folder with all that a sweep made. */
let made = "";
let folder = "";
beforeAll(async () => {
  await ensureBuild("patched");
  folder = await lastingTemporaryFolder();
  // Long enough to be stopped within.
  made = await sweepOnce(folder, "name: jobs\ncontext: 128\nbatch: 512\nchunks: 400\nkl_divergence: true\ncells: [{ name: q, type: Q4_0, radius: 1 }]\n");
});

const freshFolder = async (change?: (job: Job) => unknown): Promise<{ out: string; file: string }> => freshFolderOf(made, change);

it("a job file that a sweep wrote gives the same records in another process, and the second time runs nothing", async () => {
  const { out, file } = await freshFolder();
  const first = startScript("job.ts", [file]);
  const { code, stdout, stderr } = await first.ended;
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^cell 1 of 1: q: every step has its record$/m);
  expect(await found(out)).toEqual(await found(made));
  expect((await readFile(await growing(out))).equals(await readFile(await growing(made)))).toBe(true);
  expect(await leftOvers(out, first.child.pid!)).toEqual([]);
  const again = await startScript("job.ts", [file]).ended;
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(again.stdout).not.toMatch(/quantize|evaluate|count|compress/);
});

it("several processes at one job run each of its steps once", async () => {
  const { out, file } = await freshFolder();
  const ended = await Promise.all([1, 2].map(() => startScript("job.ts", [file]).ended));
  for (const one of ended) expect(one).toMatchObject({ code: 0, stderr: "" });
  const printed = ended.map(({ stdout }) => stdout).join("");
  for (const begins of ["count, reading", "compress, compressing", "evaluate 0 %, loading"]) expect(printed.split(begins), begins).toHaveLength(2);
  expect(await found(out)).toEqual(await found(made));
  expect((await readFile(await growing(out))).equals(await readFile(await growing(made)))).toBe(true);
  expect(await readdir(path.join(resultsStore(out), "claims"))).toEqual([]);
});

it("Ctrl-C ends a job with 130, leaves nothing half done, and the next one goes on behind the frames that there are", async () => {
  const { out, file } = await freshFolder();
  const { child, ended } = startScript("job.ts", [file]);
  await untilFrames(out, 20);
  child.kill("SIGINT");
  expect(await ended).toMatchObject({ code: 130, stderr: "interrupted\n" });
  expect(await leftOvers(out, child.pid!)).toEqual([]);
  expect(await readdir(path.join(resultsStore(out), "evaluate"))).toEqual(["growing"]);
  await expectGoesOn(out, file);
});

it("kill -9 leaves frames that the next job goes on behind at once, whatever the program that it left behind still writes", async () => {
  const { out, file } = await freshFolder();
  const { child, ended } = startScript("job.ts", [file]);
  await untilFrames(out, 20);
  child.kill("SIGKILL");
  await ended;
  await expectGoesOn(out, file);
});

async function expectGoesOn(out: string, file: string): Promise<void> {
  const { frames } = await readFrames(await growing(out));
  expect(frames.length).toBeGreaterThanOrEqual(20);
  expect(frames.length).toBeLessThan(400);
  expect(await startScript("job.ts", [file]).ended).toMatchObject({ code: 0, stderr: "" });
  const argv = (await loadResults(out)).cells[0]!.record!.steps.get("evaluate")!.argv;
  expect(Number(argv[argv.indexOf("--first-chunk") + 1])).toBeGreaterThan(frames.length - 4);
  expect(await found(out)).toEqual(await found(made));
  expect((await readFile(await growing(out))).equals(await readFile(await growing(made)))).toBe(true);
}

describe("fails and says what is wrong, without running anything, when the job", () => {
  const faults: [string, (job: Job) => unknown, RegExp][] = [
    ["is of another build", (job) => (job.target.build = "0".repeat(64)), /was made for build 0{12} of llama\.cpp b\d+, but this machine makes [0-9a-f]{12}: .*run npm run sweep/],
    ["is of a release that is not known", (job) => (job.target.release = "b1"), /b1 of llama\.cpp is not known/],
    ["has a field too many", (job) => Object.assign(job, { more: 1 }), /cannot be read: .*more.*give a file of store\/jobs/s],
    ["has no steps", (job) => (job.steps = []), /cannot be read/],
  ];
  it.each(faults)("%s", async (_what, change, message) => {
    const { out, file } = await freshFolder(change);
    const { code, stderr } = await startScript("job.ts", [file]).ended;
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
    expect((await readdir(resultsStore(out))).sort()).toEqual(["jobs", "plan.json"]);
  });

  it("is not there, or no JSON", async () => {
    const file = path.join(await temporaryFolder(), "job.json");
    const run = async (): Promise<void> => {
      const { code, stderr } = await startScript("job.ts", [file]).ended;
      expect(stderr).toMatch(/^error: .*job\.json cannot be read: .*give a file of store\/jobs in a results folder/);
      expect(code).toBe(1);
    };
    await run();
    await writeFile(file, "{ not whole");
    await run();
  });

  it("has a step whose key does not follow from what it says", async () => {
    const { out, file } = await freshFolder((job) => (job.steps.find(({ step }) => step === "evaluate")!.key = "0".repeat(64)));
    const { code, stdout } = await startScript("job.ts", [file]).ended;
    expect(stdout).toMatch(/FAILED: step evaluate was planned for another build, processor or version/);
    expect(code).toBe(3);
    expect(await readdir(path.join(resultsStore(out), "claims"))).toEqual([]);
  });
});
