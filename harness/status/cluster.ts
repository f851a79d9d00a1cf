import { helperNames, endedTasks, isCancelled, logFile, logTail, markCancelled, readEnded, readSubmissions, type Submission } from "../executors/slurm/submission.ts";
import { readAnswer } from "../executors/slurm/probe.ts";
import { type QueuedTask, saidBy, type Scheduler } from "../executors/slurm/scheduler.ts";
import type { JobPart } from "../jobs/job.ts";
import { UserError } from "../errors.ts";
import { ProcessError } from "../process/processError.ts";

/** What the cluster has of a cell, or of a part of it: of the latest task that was submitted for that. */
export interface ClusterTask {
  part: JobPart | undefined;
  submission: Submission;
  array: string;
  index: number;
  queued: QueuedTask | null;
  hasEnded: boolean;
}

/** What was submitted for a results folder. */
export interface Cluster {
  /** By the name of the cell, or of the step that several share: one, or those of its parts. */
  tasks: ReadonlyMap<string, readonly ClusterTask[]>;
  /** The oldest first. */
  submissions: readonly Submission[];
  /** What of it waits and runs. */
  queued: readonly QueuedTask[];
  /** Why that is not known; null when it is. */
  unknown: string | null;
}

/** @param scheduler made only when something was submitted; may throw UserError where there is no Slurm */
export async function lookAtCluster(results: string, scheduler: () => Scheduler): Promise<Cluster> {
  const submissions = await readSubmissions(results);
  const { queued, unknown } = await askQueue(submissions, scheduler);
  const byTask = new Map(queued.map((task) => [`${task.name}-${task.index}`, task]));
  const tasks = new Map<string, ClusterTask[]>();
  for (const submission of submissions) {
    const ended = new Set<string>();
    for await (const task of endedTasks(submission)) ended.add(task);
    for (const { name, tasks: listed } of submission.arrays) {
      for (const [index, { cell, part }] of listed.entries()) {
        // Of parts only those that are missing are submitted again.
        const others = part ? (tasks.get(cell) ?? []).filter((other) => other.part?.of === part.of && other.part.index !== part.index) : [];
        tasks.set(cell, [...others, { submission, array: name, index, part, queued: byTask.get(`${name}-${index}`) ?? null, hasEnded: ended.has(`${name}-${index}`) }]);
      }
    }
  }
  return { tasks, submissions, queued, unknown };
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

/** When a task began, as of a {@link Standing}; null where Slurm does not say. Its times are local. */
export function startOf({ start }: QueuedTask): string | null {
  const date = new Date(start);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Why a cell has no record whose tasks have ended. */
export interface Gone {
  state: "failed" | "lost" | "cancelled";
  reason: string;
  log: string | null;
}

/** Why a cell is without a record whose task, or one of whose parts, has ended; null where all have that have ended did so well, and others are to come. */
export async function whyGone(tasks: readonly ClusterTask[]): Promise<Gone | null> {
  for (const task of tasks) {
    const { part } = task;
    if (task.queued || (part && (await hasEndedWell(task)))) continue;
    const gone = await whyTaskGone(task);
    return part ? { ...gone, reason: `part ${part.index} of ${part.of}: ${gone.reason}` } : gone;
  }
  const last = tasks.at(-1);
  return !last || tasks.some(({ queued }) => queued) ? null : whyTaskGone(last);
}

async function hasEndedWell({ submission, array, index }: ClusterTask): Promise<boolean> {
  return (await readEnded(submission, array, index))?.failure === null;
}

/** What a task said itself, or that it is lost, with the end of its log. */
async function whyTaskGone({ submission, array, index }: ClusterTask): Promise<Gone> {
  const log = logFile(submission, array, index);
  const ended = await readEnded(submission, array, index);
  if (ended?.failure != null) return { state: "failed", reason: ended.failure, log: ended.log ?? log };
  const probed = await readAnswer(submission);
  if (probed?.failure != null) return { state: "failed", reason: probed.failure, log: logFile(submission, helperNames(submission).probe, "job") };
  const tail = await logTail(log);
  const state = (await isCancelled(submission)) ? "cancelled" : "lost";
  const without = state === "cancelled" ? "it left no log" : "it left neither a record nor a log";
  return { state, reason: tail === "" ? without : `its log ends: ${tail}`, log: tail === "" ? null : log };
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
