import os from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../../errors.ts";
import type { Job } from "../../jobs/job.ts";
import { jobFile, readJob } from "../../jobs/jobFile.ts";
import { isStored } from "../../jobs/isStored.ts";
import { reasonOf } from "../../process/reason.ts";
import type { Ended } from "../executor.ts";
import { partNote, readEnded, readSubmission, readSubmissions, type Submission, type Task, writeEnded } from "./submission.ts";

/** A task of a submission, as a node finds it. */
export interface FoundTask {
  submission: Submission;
  array: string;
  index: number;
  task: Task;
}

/** What a task tells, and what stops it. */
interface TaskWatch {
  print(line: string): void;
  signal: AbortSignal;
}

/** How long records that others made are waited for, and how long between two looks, in milliseconds. */
const [patience, pause] = [60_000, 2_000];

/** @param name `ARRAY:INDEX` @throws UserError when there is none by that name */
export async function taskNamed(file: string, name: string): Promise<FoundTask> {
  const submission = await readSubmission(file);
  const [array = "", number = ""] = name.split(":");
  const index = Number(number);
  const task = submission.arrays.find((one) => one.name === array)?.tasks[index];
  if (!task) throw new UserError(`${file} has no task ${name}`);
  return { submission, array, index, task };
}

/**
 * Runs a task, and leaves in the store how it ended. One that is stopped leaves nothing: it may be started again, and goes on
 * behind what is finished.
 *
 * @param runHere runs its job
 */
export async function runTask(found: FoundTask, runHere: (job: Job) => Promise<Ended>, watch: TaskWatch): Promise<Ended> {
  const { submission, array, index, task } = found;
  const { SLURM_RESTART_COUNT: again } = process.env;
  watch.print(`${new Date().toISOString()} ${task.cell}${partNote(task)} on ${os.hostname()}${again ? `, started again (${again})` : ""}`);
  const told = (failure: string | null, log: string | null): Promise<void> => writeEnded(submission, array, index, { failure, log, host: os.hostname() });
  try {
    const job = { ...(await readJob(jobFile(submission.results, task.job))), ...(task.part && { part: task.part }) };
    for (const key of task.after) await refuseUnmade(found, key, watch.signal);
    const ended = await runHere(job);
    await told(ended.failure, ended.log);
    return ended;
  } catch (error) {
    if (watch.signal.aborted) watch.print("stopped by the scheduler: its time was up, or it was cancelled or displaced; what was finished is kept");
    else await told(reasonOf(error), error instanceof UserError ? (error.log ?? null) : null);
    throw error;
  }
}

/** A cell does not begin what its own job was to make for all: a thousand would try the same. */
async function refuseUnmade({ submission }: FoundTask, key: string, signal: AbortSignal): Promise<void> {
  const job = await readJob(jobFile(submission.results, key));
  let submissions: Submission[] | null = null;
  for (let waited = 0; !(await isStored(job)); waited += pause) {
    submissions ??= await readSubmissions(submission.results);
    const failure = await failureOf(submissions, key);
    if (failure !== null) throw new UserError(`${job.name}, which cells share, failed: ${failure}`);
    if (waited >= patience) throw new UserError(`${job.name}, which cells share, was not made: its job was lost or its time was up; run npm run sweep again`);
    await wait(pause, undefined, { signal });
  }
}

/** Why a job failed when it was submitted last, which an earlier submission may have done. */
async function failureOf(submissions: readonly Submission[], key: string): Promise<string | null> {
  for (const submission of [...submissions].reverse()) {
    for (const { name, tasks } of submission.arrays) {
      const index = tasks.findIndex(({ job }) => job === key);
      if (index >= 0) return (await readEnded(submission, name, index))?.failure ?? null;
    }
  }
  return null;
}
