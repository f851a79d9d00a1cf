import { inBatches } from "../../batches.ts";
import type { Job } from "../../jobs/job.ts";
import { jobKey, writeJob } from "../../jobs/jobFile.ts";
import { sharedJobs } from "../../jobs/sharedJobs.ts";
import { shownPath } from "../../paths.ts";
import type { SlurmSettings } from "../../study/slurmSettings.ts";
import type { Executor } from "../executor.ts";
import { planArrays } from "./arrays.ts";
import { cellEnds } from "./cellEnds.ts";
import { divideCell, earlierDivisions } from "./divide.ts";
import { follow, type Followed } from "./follow.ts";
import { mostPlanned, type Need } from "./resources.ts";
import { type QueuedTask, type Scheduler, type SchedulerWatch, slurmScheduler } from "./scheduler.ts";
import { lookAtSite } from "./site.ts";
import { helperNames, isCancelled, newName, readSubmissions, type Submission, type SubmissionPlace, type Task } from "./submission.ts";
import { submitAll } from "./submit.ts";
import { type Timing, usualTiming } from "./timing.ts";

/** What jobs are submitted for and how. */
export interface SlurmRequest {
  /** Name of the study, which names of jobs begin with. */
  study: string;
  results: string;
  settings: SlurmSettings;
  /** Whether it is enough that jobs are submitted. */
  detach: boolean;
  /** What the plan says that each of some jobs takes, in their order, and how it is to be divided so that none is expected to take more than some seconds. */
  needs(jobs: readonly Job[], mostSeconds: number): Promise<Need[]>;
  /** Minutes after which a silent program is taken for one that hangs; as of a sweep. */
  stallMinutes?: number;
  timing?: Timing;
}

/**
 * Runs jobs on a Slurm cluster: in arrays, what cells share first. Jobs that an earlier run submitted and that wait or run
 * there are followed, not submitted again. Stopped, it lets them go on.
 */
export function slurmExecutor({ study, results, settings, detach, needs, stallMinutes, timing = usualTiming }: SlurmRequest): Executor {
  return {
    async *run(jobs, report, signal) {
      if (jobs.length === 0) return;
      const watch: SchedulerWatch = { note: report.note, signal };
      const scheduler = slurmScheduler(watch);
      const { tasks, made } = await submitMissing(jobs, scheduler, report.note);
      const status = `npm run status -- --results ${shownPath(results)}`;
      if (detach) return report.note(`${tasks.length} jobs are submitted; ${status} says how they stand, and with --cancel ends them`);
      let isOver = false;
      try {
        const ends = follow(tasks, { scheduler, report, signal, timing, probe: made && { submission: made.place, name: helperNames(made.place).probe } });
        yield* cellEnds(ends, tasks, { timing, signal });
        isOver = true;
      } finally {
        if (signal.aborted) report.note(`detached: the jobs go on; ${status} says how they stand, and with --cancel ends them`);
        // The reports are made here; and where one that failed shall be the last, the others are not to run.
        else if (made) await endRest(made, isOver, scheduler).catch(() => undefined);
      }
    },
  };

  async function submitMissing(jobs: readonly Job[], scheduler: Scheduler, note: (text: string) => void): Promise<{ tasks: Followed[]; made: Made | null }> {
    const earlier = await liveTasks(results, jobs, scheduler);
    if (earlier.tasks.length > 0) note(`${earlier.tasks.length} jobs of an earlier run wait or run on the cluster`);
    // Of a cell that is done in parts, some may be missing although others are followed.
    const followed = new Set(earlier.tasks.flatMap(({ whole, job }) => (job.part ? [] : [whole])));
    const left = jobs.filter((job) => !followed.has(job));
    const submission = left.length > 0 ? await submitLeft(left, earlier, scheduler, note) : null;
    if (!submission) return { tasks: earlier.tasks, made: null };
    const place = placeOf(submission);
    return { tasks: [...earlier.tasks, ...tasksOf(submission, left, place)], made: { place, arrays: submission.arrays.map(({ name }) => name) } };
  }

  /** @returns null when nothing is missing that is not under way */
  async function submitLeft(left: readonly Job[], { shared, queued, tasks, submissions }: Live, scheduler: Scheduler, note: (text: string) => void): Promise<Submission | null> {
    const site = await lookAtSite(scheduler, settings.partition);
    const steps = await sharedJobs(left);
    const asked = [...steps, ...left];
    const found = await needs(asked, mostPlanned(settings, site));
    const needOf = new Map(asked.map((job, index) => [job, found[index]!]));
    const live = new Map<Job, Set<number>>();
    for (const { whole, job: { part } } of tasks) if (part) live.set(whole, (live.get(whole) ?? new Set()).add(part.index));
    const earlier = earlierDivisions(submissions);
    const cells = await inBatches(left, async (job) => divideCell(job, needOf.get(job)!, { earlier, live: live.get(job) ?? new Set() }));
    const all = [...steps, ...cells.flatMap(({ before }) => before ?? [])];
    const mine = all.filter((job) => !shared.has(jobKey(job)));
    const jobs = cells.flatMap((cell) => cell.jobs);
    if (jobs.length === 0) return null;
    for (const job of mine) await writeJob(job);
    const parts = jobs.filter(({ part }) => part).length;
    if (parts > 0) note(`evaluations of ${cells.filter(({ jobs: [job] }) => job?.part).length} cells take longer than a job may: ${parts} parts of them are jobs of their own`);
    const name = newName(study);
    const arrays = planArrays(name, mine, jobs, site.arrayTasks, all.filter((job) => !mine.includes(job)));
    const awaited = new Set(all.map((job) => shared.get(jobKey(job))));
    const under = [...new Set(queued.filter(({ name: array, index }) => awaited.has(`${array}-${index}`)).map(({ id }) => id))];
    for (const { needs: more } of cells) for (const [job, need] of more) needOf.set(job, need);
    return submitAll({ name, results, arrays, needs: needOf, settings, site, under, stallMinutes }, scheduler, note);
  }
}

/** What is kept of a submission while it is followed. */
interface Made {
  place: SubmissionPlace;
  /** Names of its arrays. */
  arrays: string[];
}

/** What earlier runs submitted that has not ended. */
interface Live {
  tasks: Followed[];
  /** All of them, whether they have ended or not. */
  submissions: readonly Submission[];
  /** Of jobs for what cells share: the task, by the job's key. */
  shared: ReadonlyMap<string, string>;
  queued: readonly QueuedTask[];
}

async function liveTasks(results: string, jobs: readonly Job[], scheduler: Scheduler): Promise<Live> {
  const all = await readSubmissions(results);
  const submissions: Submission[] = [];
  for (const one of all) if (!(await isCancelled(one))) submissions.push(one);
  const names = submissions.flatMap(({ arrays }) => arrays.map(({ name }) => name));
  const queued = names.length === 0 ? [] : await scheduler.queueSurely(names);
  const known = new Set(queued.map(({ name, index }) => `${name}-${index}`));
  const byKey = new Map(jobs.map((job) => [jobKey(job), job]));
  const tasks = new Map<string, Followed>();
  const shared = new Map<string, string>();
  for (const submission of submissions) {
    const place = placeOf(submission);
    for (const { name, tasks: listed } of submission.arrays) {
      for (const [index, task] of listed.entries()) {
        if (!known.has(`${name}-${index}`)) continue;
        const whole = byKey.get(task.job);
        if (whole) tasks.set(`${task.job} ${task.part?.index ?? ""}`, followed(whole, task, { submission: place, array: name, index }));
        else shared.set(task.job, `${name}-${index}`);
      }
    }
  }
  return { tasks: [...tasks.values()], submissions: all, shared, queued };
}

function placeOf({ results, name }: Submission): SubmissionPlace {
  return { results, name };
}

function tasksOf(submission: Submission, jobs: readonly Job[], place: SubmissionPlace): Followed[] {
  const byKey = new Map(jobs.map((job) => [jobKey(job), job]));
  return submission.arrays.flatMap(({ name, tasks }) => tasks.flatMap((task, index) => {
    const whole = byKey.get(task.job);
    return whole ? [followed(whole, task, { submission: place, array: name, index })] : [];
  }));
}

function followed(whole: Job, { part }: Task, { submission, array, index }: Omit<Followed, "job" | "whole">): Followed {
  return { job: part ? { ...whole, part } : whole, whole, submission, array, index };
}

async function endRest({ place, arrays }: Made, isOver: boolean, scheduler: Scheduler): Promise<void> {
  const names = [helperNames(place).report, ...(isOver ? [] : arrays)];
  await scheduler.cancel([...new Set((await scheduler.queue(names)).map(({ id }) => id))]);
}
