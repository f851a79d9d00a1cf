import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it } from "vitest";
import { type PreparationFiles, preparationFiles, prepareOnNode } from "../../harness/executors/slurm/preparation.ts";
import { helperNames, logFile, readSubmissions, type Submission, submissionFolder } from "../../harness/executors/slurm/submission.ts";
import { fakeSlurm, type FakeSlurm } from "../support/fakeSlurm.ts";
import { temporaryFolder } from "../support/temporary.ts";

const timing = { queue: 20, store: 10, patience: 500 };
let [results, notes] = ["", [] as string[]];
let slurm: FakeSlurm;
beforeEach(async () => {
  [results, notes] = [path.join(await temporaryFolder(), "out"), []];
  slurm = await fakeSlurm();
});

function prepare(settings: Parameters<typeof prepareOnNode>[0]["settings"] = {}, stop = new AbortController()): Promise<PreparationFiles> {
  return prepareOnNode({ study: "s", results, settings, request: { some: "request" }, bytes: 1 << 30, threads: 3, timing }, { note: (text) => notes.push(text), signal: stop.signal });
}

async function submitted(): Promise<Submission> {
  for (;;) {
    const [found] = await readSubmissions(results);
    if (found && (await slurm.submitted()).length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it("a job of its own makes ready what cells need, with what it wants of time, memory and processors", async () => {
  const running = prepare({ partition: "p", gres: "gpu:1" });
  const submission = await submitted();
  await slurm.list([{ array: helperNames(submission).preparation, index: 0 }]);
  await writeFile(logFile(submission, helperNames(submission).preparation, "job"), "first\nbuilding 40 %\n");
  // Longer than one that is gone would be waited for.
  await new Promise((resolve) => setTimeout(resolve, 1.5 * timing.patience));
  const { answer, request } = preparationFiles(submissionFolder(submission));
  await writeFile(answer, "{}");
  expect(await running).toEqual({ answer, request });
  expect(JSON.parse(await readFile(request, "utf8"))).toEqual({ some: "request" });
  const [call] = await slurm.submitted();
  for (const option of ["--time=240", "--mem=1280M", "--ntasks=1", "--cpus-per-task=3", "--partition=p", "--gres=gpu:1"]) expect(call).toContain(`${option} `);
  expect(notes).toContain("building 40 %");
});

it("a job that ends without an answer is told of with the end of its log", async () => {
  const running = prepare();
  const submission = await submitted();
  await writeFile(logFile(submission, helperNames(submission).preparation, "job"), "error: no Node.js here\n");
  await expect(running).rejects.toThrow(/^the job s-[0-9a-f]{8}-prepare ended without an answer in .*: do the cluster's nodes see that folder, .* Its log ends: error: no Node\.js here; give a folder that all nodes see with --out$/);
});

it("a sweep that is stopped meanwhile cancels the job", async () => {
  const stop = new AbortController();
  const running = prepare({}, stop);
  await slurm.list([{ array: helperNames(await submitted()).preparation, index: 0 }]);
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect(await slurm.cancelled()).toEqual(["7"]);
});
