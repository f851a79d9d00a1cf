import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readSubmission, type Submission, writeEnded } from "../../executors/slurm/submission.ts";
import type { Job, PlannedStep } from "../../jobs/job.ts";
import { jobFile } from "../../jobs/jobFile.ts";
import { ownSteps, storesOf } from "../../jobs/ownSteps.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import { keyInputs } from "../../steps/key.ts";
import type { Target } from "../../steps/step.ts";
import { sealRecord } from "../../store/record.ts";
import { stepFolder } from "../../store/store.ts";
import type { SimulatedTask } from "./simulator.ts";

/** Milliseconds after which files that come late are seen. */
const late = 4_000;

const perplexity = { ppl: 10, error: 0.1, nll: 2.3, chunks: [2.2, 2.4] };
const results: Record<string, object> = { evaluate: { perplexity, divergence: null, perplexitySeconds: 1, tokensPerSecond: 1000 } };

const submissions = new Map<string, Promise<Submission>>();

/**
 * Does what a task would leave in the store, without computing anything.
 *
 * @param speed how many times faster than by the clock time goes
 */
export async function fakeTask({ array, index, submission: file, fate }: SimulatedTask, on: Target, speed: number): Promise<void> {
  const reading = submissions.get(file) ?? readSubmission(file);
  submissions.set(file, reading);
  const submission = await reading;
  const host = "simulated";
  if (array.endsWith("-report") || fate === "lost") return;
  if (array.endsWith("-probe")) return writeFile(path.join(path.dirname(file), "probe.json"), JSON.stringify({ host, failure: null, isOtherKind: false }));
  if (fate === "fails") return writeEnded(submission, array, index, { failure: "simulated failure", log: null, host });
  const { job: key } = submission.arrays.find(({ name }) => name === array)!.tasks[index]!;
  const job = JSON.parse(await readFile(jobFile(submission.results, key), "utf8")) as Job;
  if (fate === "late") {
    await writeEnded(submission, array, index, { failure: null, log: null, host });
    await wait(late / speed);
  }
  for (const step of ownSteps(job)) await fakeRecord(step, job.results, on);
  if (fate !== "late") await writeEnded(submission, array, index, { failure: null, log: null, host });
}

async function fakeRecord({ step, key, config, inputs }: PlannedStep, folder: string, on: Target): Promise<void> {
  const hashes = Object.fromEntries(Object.entries(inputs).map(([role, input]) => [role, "file" in input ? input.sha256 : input.step]));
  const record = { key, inputs: keyInputs(stepNamed(step), config, hashes, on), result: { ...results[step] }, argv: [], seconds: 1, date: new Date().toISOString(), files: {} };
  const target = stepFolder(storesOf({ step }, folder)[0], step, key);
  await mkdir(target, { recursive: true });
  await writeFile(path.join(target, "record.json"), sealRecord(record));
}
