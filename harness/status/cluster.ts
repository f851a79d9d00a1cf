import { endedTasks, isCancelled, logFile, logTail, markCancelled, readEnded, readSubmissions, type Submission } from "../executors/slurm/submission.ts";
import { helperNames } from "../executors/slurm/submit.ts";
import { type QueuedTask, saidBy, type Scheduler } from "../executors/slurm/scheduler.ts";
import { UserError } from "../errors.ts";
import { ProcessError } from "../process/processError.ts";

/** What the cluster has of a cell: of the latest task that was submitted for it. */
export interface ClusterTask {
  submission: Submission;
  array: string;
  index: number;
  queued: QueuedTask | null;
  hasEnded: boolean;
}

/** What was submitted for a results folder. */
export interface Cluster {
  /** By the name of the cell, or of the step that several share. */
  tasks: ReadonlyMap<string, ClusterTask>;
  /** Why it is not known what waits and runs; null when it is. */
  unknown: string | null;
}

/** @param scheduler made only when something was submitted; may throw UserError where there is no Slurm */
export async function lookAtCluster(results: string, scheduler: () => Scheduler): Promise<Cluster> {
  const submissions = await readSubmissions(results);
  const { queued, unknown } = await askQueue(submissions, scheduler);
  const byTask = new Map(queued.map((task) => [`${task.name}-${task.index}`, task]));
  const tasks = new Map<string, ClusterTask>();
  for (const submission of submissions) {
    const ended = await endedTasks(submission);
    for (const { name, tasks: listed } of submission.arrays) {
      for (const [index, { cell }] of listed.entries()) tasks.set(cell, { submission, array: name, index, queued: byTask.get(`${name}-${index}`) ?? null, hasEnded: ended.has(`${name}-${index}`) });
    }
  }
  return { tasks, unknown };
}

async function askQueue(submissions: readonly Submission[], scheduler: () => Scheduler): Promise<{ queued: QueuedTask[]; unknown: string | null }> {
  const names = namesOf(submissions);
  if (names.length === 0) return { queued: [], unknown: null };
  try {
    return { queued: await scheduler().queue(names), unknown: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { queued: [], unknown: error instanceof ProcessError ? `Slurm's controller does not answer: ${saidBy(error)}` : error.message };
  }
}

/** Why a task is at its end without a record: what it said itself, or that it is lost, with the end of its log. */
export async function whyGone({ submission, array, index }: ClusterTask): Promise<{ state: "failed" | "lost" | "cancelled"; reason: string; log: string | null }> {
  const log = logFile(submission, array, index);
  const ended = await readEnded(submission, array, index);
  if (ended?.failure != null) return { state: "failed", reason: ended.failure, log: ended.log ?? log };
  const tail = await logTail(log);
  return { state: (await isCancelled(submission)) ? "cancelled" : "lost", reason: tail === "" ? "it left neither a record nor a log" : `its log ends: ${tail}`, log: tail === "" ? null : log };
}

/** Cancels what was submitted for a results folder and has not ended, with what goes with it. @returns numbers of the jobs */
export async function cancelSubmitted(results: string, scheduler: () => Scheduler): Promise<string[]> {
  const submissions = await readSubmissions(results);
  const names = namesOf(submissions);
  if (names.length === 0) return [];
  const slurm = scheduler();
  const ids = [...new Set((await slurm.queueSurely(names)).map(({ id }) => id))];
  for (const submission of submissions) await markCancelled(submission);
  await slurm.cancel(ids);
  return ids;
}

function namesOf(submissions: readonly Submission[]): string[] {
  return submissions.flatMap((one) => [...one.arrays.map(({ name }) => name), ...Object.values(helperNames(one))]);
}
