import { setTimeout as wait } from "node:timers/promises";
import { inBatches } from "../../batches.ts";
import { UserError } from "../../errors.ts";
import { type HoldersOf, readHolders } from "../../jobs/claims.ts";
import { isStored } from "../../jobs/isStored.ts";
import type { Job } from "../../jobs/job.ts";
import { OtherMachine } from "../../jobs/otherMachine.ts";
import { ProcessError } from "../../process/processError.ts";
import type { Ended, JobReport } from "../executor.ts";
import { readAnswer } from "./probe.ts";
import { type QueuedTask, type Scheduler, saidBy } from "./scheduler.ts";
import { endedTasks, isCancelled, logFile, logTail, readEnded, type SubmissionPlace } from "./submission.ts";
import type { Timing } from "./timing.ts";

/** A job, and the task that runs it. */
export interface Followed {
  /** What the task does: the job, or a part of it. */
  job: Job;
  /** The job that was asked for. */
  whole: Job;
  submission: SubmissionPlace;
  array: string;
  index: number;
}

/** How tasks are followed. */
export interface Following {
  scheduler: Scheduler;
  report: JobReport;
  signal: AbortSignal;
  timing: Timing;
  /** The submission whose probe must answer first, and the probe's name; null when none was made. */
  probe: { submission: SubmissionPlace; name: string } | null;
}

/** Since when nothing was seen of tasks, and the signs of life then; nothing of those that the scheduler knows. */
type Silences = Map<Followed, { since: number; pulses: string }>;

/**
 * Follows tasks to their ends, which are read from the store: the scheduler only tells of those that left nothing there.
 *
 * @throws UserError when the nodes do not see what they need
 * @throws AbortError when `signal` fires; the tasks go on
 */
export async function* follow(tasks: readonly Followed[], following: Following): AsyncIterable<Ended> {
  const { scheduler, report, signal, timing } = following;
  const waiting = new Map<string, Followed>();
  for (const task of tasks) waiting.set(`${task.array}-${task.index}`, task);
  const silent: Silences = new Map();
  // Where tasks run, as it was told last.
  const nodes = new Map<Followed, string>();
  const submissions = [...new Set(tasks.map(({ submission }) => submission))];
  const names = [...new Set(tasks.map(({ array }) => array)), ...(following.probe ? [following.probe.name] : [])];
  let probe = following.probe && { ...following.probe, since: null as number | null };
  let asked = -Infinity;
  let isAnswering = true;
  let told = "";
  while (waiting.size > 0) {
    signal.throwIfAborted();
    for (const submission of submissions) {
      for await (const id of endedTasks(submission)) {
        const task = waiting.get(id);
        const ended = task && (await endOf(task, silent, timing));
        if (!ended) continue;
        forget(id, task);
        yield ended;
      }
    }
    if (performance.now() - asked >= timing.queue && waiting.size > 0) {
      asked = performance.now();
      yield* lookAtQueue();
    }
    if (waiting.size > 0) await wait(timing.store, undefined, { signal });
  }

  function forget(id: string, task: Followed): void {
    waiting.delete(id);
    silent.delete(task);
    nodes.delete(task);
  }

  async function* lookAtQueue(): AsyncIterable<Ended> {
    const queued = await ask();
    if (!queued) return;
    if (probe && (await hasAnswered(probe, queued, following))) probe = null;
    say(queued);
    yield* goneFrom(queued);
  }

  async function ask(): Promise<QueuedTask[] | null> {
    try {
      const queued = await scheduler.queue(names);
      if (!isAnswering) report.note("Slurm's controller answers again");
      isAnswering = true;
      return queued;
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      if (isAnswering) report.note(`Slurm's controller does not answer (${saidBy(error)}): jobs go on, and are followed by what they store`);
      isAnswering = false;
      return null;
    }
  }

  function say(queued: readonly QueuedTask[]): void {
    const reasons = new Set<string>();
    const counts = { running: 0, queued: 0 };
    for (const { name, index, state, node, reason } of queued) {
      const task = waiting.get(`${name}-${index}`);
      if (!task) continue;
      if (state === "PENDING") {
        counts.queued++;
        reasons.add(reason);
      } else counts.running++;
      const at = state === "PENDING" ? "" : node;
      if (at !== "" && at !== nodes.get(task)) report.progress(task.whole, "slurm", `${task.job.part ? `part ${task.job.part.index} of ${task.job.part.of} ` : ""}runs on ${at}`);
      if (at === "") nodes.delete(task);
      else nodes.set(task, at);
    }
    const text = `${counts.running} jobs run, ${counts.queued} are queued${reasons.size > 0 ? ` (${[...reasons].slice(0, 3).join(", ")})` : ""}`;
    if (text !== told) report.note(text);
    told = text;
  }

  async function* goneFrom(queued: readonly QueuedTask[]): AsyncIterable<Ended> {
    const gone = new Map(waiting);
    for (const { name, index } of queued) {
      const id = `${name}-${index}`;
      const task = gone.get(id);
      if (task) silent.delete(task);
      gone.delete(id);
    }
    const [first] = gone.values();
    if (!first) return;
    const holdersOf = await readHolders(first.job.results);
    const now = performance.now();
    for (const [id, task, ended] of await inBatches([...gone], async ([id, task]) => [id, task, await lookAtGone(task, pulsesOf(task.job, holdersOf), now)] as const)) {
      if (!ended) continue;
      forget(id, task);
      yield ended;
    }
  }

  async function lookAtGone(task: Followed, pulses: string, now: number): Promise<Ended | null> {
    const said = await endOf(task, silent, timing);
    if (said) return said;
    if (await isStored(task.job)) return { job: task.job, failure: null, log: null };
    const known = silent.get(task);
    const { since } = known?.pulses === pulses ? known : { since: now };
    silent.set(task, { since, pulses });
    const cancelled = await isCancelled(task.submission);
    if (!cancelled && now - since < timing.patience) return null;
    const log = logFile(task.submission, task.array, task.index);
    const tail = await logTail(log);
    const why = cancelled ? "it was cancelled" : "lost: Slurm no longer knows it, and it left neither a record nor a claim";
    return { job: task.job, failure: `${why}${tail ? `; its log ends: ${tail}` : ""}`, log: tail ? log : null };
  }
}

/** Signs of life of those who are at a job's steps: another text each time that one of them gives one. */
function pulsesOf({ steps }: Job, holdersOf: HoldersOf): string {
  return steps.flatMap((step) => holdersOf(step).map(({ pulse }) => pulse)).join();
}

/** How a task ended by what it left; null as long as that is not seen. A record may be seen later than what tells of it. */
async function endOf(task: Followed, silent: Silences, { patience }: Timing): Promise<Ended | null> {
  const { job, submission, array, index } = task;
  const said = await readEnded(submission, array, index);
  if (!said) return null;
  const log = logFile(submission, array, index);
  if (said.failure !== null) return { job, failure: said.failure, log: said.log ?? log };
  if (await isStored(job)) return { job, failure: null, log: null };
  const now = performance.now();
  const { since } = silent.get(task) ?? { since: now };
  if (!silent.has(task)) silent.set(task, { since, pulses: "" });
  return now - since < patience ? null : { job, failure: `it ended well on ${said.host}, but its records have not appeared here after ${patience / 1000} s: is ${job.results} on a file system that both see?`, log };
}

/** @throws UserError when nodes cannot run what was submitted, which is cancelled then */
async function hasAnswered(probe: { submission: SubmissionPlace; name: string; since: number | null }, queued: readonly QueuedTask[], { scheduler, report, timing }: Following): Promise<boolean> {
  const answer = await readAnswer(probe.submission);
  if (answer?.failure === null) {
    report.note(`node ${answer.host} sees what jobs need`);
    return true;
  }
  if (!answer) {
    if (queued.some(({ name }) => name === probe.name)) return false;
    probe.since ??= performance.now();
    if (performance.now() - probe.since < timing.patience) return false;
  }
  await scheduler.cancel([...new Set(queued.filter(({ name }) => name.startsWith(probe.submission.name)).map(({ id }) => id))]);
  if (answer) throw answer.isOtherKind ? new OtherMachine(answer.failure!) : new UserError(answer.failure!);
  const tail = await logTail(logFile(probe.submission, probe.name, "job"));
  throw new UserError(`the cluster's nodes do not see ${probe.submission.results}, or cannot run Node.js there: a probe job ended without leaving its answer${tail ? ` (${tail})` : ""}; give a folder that all nodes see with --out`);
}
