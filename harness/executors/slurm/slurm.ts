import type { Job } from "../../jobs/job.ts";
import { jobKey, writeJob } from "../../jobs/jobFile.ts";
import { sharedJobs } from "../../jobs/sharedJobs.ts";
import { shownPath } from "../../paths.ts";
import type { SlurmSettings } from "../../study/slurmSettings.ts";
import type { Executor } from "../executor.ts";
import { planArrays } from "./arrays.ts";
import { follow, type Followed, type Timing } from "./follow.ts";
import type { Need } from "./resources.ts";
import { type QueuedTask, type Scheduler, type SchedulerWatch, slurmScheduler } from "./scheduler.ts";
import { lookAtSite } from "./site.ts";
import { isCancelled, newName, readSubmissions, type Submission } from "./submission.ts";
import { helperNames, submitAll } from "./submit.ts";

/** What jobs are submitted for and how. */
export interface SlurmRequest {
  /** Name of the study, which names of jobs begin with. */
  study: string;
  results: string;
  settings: SlurmSettings;
  /** Whether it is enough that jobs are submitted. */
  detach: boolean;
  /** What the plan says that each of some jobs takes, in their order. */
  needs(jobs: readonly Job[]): Promise<Need[]>;
  /** Minutes after which a silent program is taken for one that hangs; as of a sweep. */
  stallMinutes?: number;
  timing?: Timing;
}

const usualTiming: Timing = { queue: 10_000, store: 2_000, patience: 60_000 };

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
      const earlier = await liveTasks(results, jobs, scheduler);
      if (earlier.tasks.length > 0) report.note(`${earlier.tasks.length} jobs of an earlier run wait or run on the cluster`);
      const followed = new Set(earlier.tasks.map(({ job }) => job));
      const left = jobs.filter((job) => !followed.has(job));
      const made = left.length > 0 ? await submitLeft(left, earlier, scheduler, report.note) : null;
      const tasks = [...earlier.tasks, ...(made ? tasksOf(made, left) : [])];
      const status = `npm run status -- --results ${shownPath(results)}`;
      if (detach) return report.note(`${tasks.length} jobs are submitted; ${status} says how they stand, and with --cancel ends them`);
      let isOver = false;
      try {
        yield* follow(tasks, { scheduler, report, signal, timing, probe: made && { submission: made, name: helperNames(made).probe } });
        isOver = true;
      } finally {
        if (signal.aborted) report.note(`detached: the jobs go on; ${status} says how they stand, and with --cancel ends them`);
        // The reports are made here; and where one that failed shall be the last, the others are not to run.
        else if (made) await endRest(made, isOver, scheduler).catch(() => undefined);
      }
    },
  };

  async function submitLeft(left: readonly Job[], { shared, queued }: Live, scheduler: Scheduler, note: (text: string) => void): Promise<Submission> {
    const site = await lookAtSite(scheduler, settings.partition);
    const all = await sharedJobs(left);
    const mine = all.filter((job) => !shared.has(jobKey(job)));
    for (const job of mine) await writeJob(job);
    const name = newName(study);
    const asked = [...mine, ...left];
    const found = await needs(asked);
    const arrays = planArrays(name, mine, left, site.arrayTasks, all.filter((job) => !mine.includes(job)));
    const under = [...new Set(queued.filter(({ name: array, index }) => all.some((job) => shared.get(jobKey(job)) === `${array}-${index}`)).map(({ id }) => id))];
    return submitAll({ name, results, arrays, needs: new Map(asked.map((job, index) => [job, found[index]!])), settings, site, under, stallMinutes }, scheduler, note);
  }
}

/** What earlier runs submitted that has not ended. */
interface Live {
  tasks: Followed[];
  /** Of jobs for what cells share: the task, by the job's key. */
  shared: ReadonlyMap<string, string>;
  queued: readonly QueuedTask[];
}

async function liveTasks(results: string, jobs: readonly Job[], scheduler: Scheduler): Promise<Live> {
  const submissions: Submission[] = [];
  for (const one of await readSubmissions(results)) if (!(await isCancelled(one))) submissions.push(one);
  const names = submissions.flatMap(({ arrays }) => arrays.map(({ name }) => name));
  const queued = names.length === 0 ? [] : await scheduler.queueSurely(names);
  const known = new Set(queued.map(({ name, index }) => `${name}-${index}`));
  const byKey = new Map(jobs.map((job) => [jobKey(job), job]));
  const tasks = new Map<Job, Followed>();
  const shared = new Map<string, string>();
  for (const submission of submissions) {
    for (const { name, tasks: listed } of submission.arrays) {
      for (const [index, { job: key }] of listed.entries()) {
        if (!known.has(`${name}-${index}`)) continue;
        const job = byKey.get(key);
        if (job) tasks.set(job, { job, submission, array: name, index });
        else shared.set(key, `${name}-${index}`);
      }
    }
  }
  return { tasks: [...tasks.values()], shared, queued };
}

function tasksOf(submission: Submission, jobs: readonly Job[]): Followed[] {
  const byKey = new Map(jobs.map((job) => [jobKey(job), job]));
  return submission.arrays.flatMap(({ name, tasks }) => tasks.flatMap(({ job: key }, index) => {
    const job = byKey.get(key);
    return job ? [{ job, submission, array: name, index }] : [];
  }));
}

async function endRest(submission: Submission, isOver: boolean, scheduler: Scheduler): Promise<void> {
  const names = [helperNames(submission).report, ...(isOver ? [] : submission.arrays.map(({ name }) => name))];
  await scheduler.cancel([...new Set((await scheduler.queue(names)).map(({ id }) => id))]);
}
