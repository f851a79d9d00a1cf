import { type Job, wholeOf } from "../../jobs/job.ts";
import { jobKey } from "../../jobs/jobFile.ts";
import { goingBefore } from "../../jobs/sharedJobs.ts";
import type { Task } from "./submission.ts";

/** An array as it is to be submitted. */
export interface PlannedArray {
  name: string;
  jobs: Job[];
  tasks: Task[];
  /** Names of arrays that make before it what its cells share; null where these need nothing of the kind. */
  after: string[] | null;
}

/**
 * Jobs as arrays: what is shared, the cells that need none of it, those that do.
 *
 * @param shared jobs of steps that cells, or parts of one, share
 * @param cells that are done as a whole, and parts of others
 * @param most tasks of an array
 * @param underWay jobs of such steps that were submitted before
 */
export function planArrays(name: string, shared: readonly Job[], cells: readonly Job[], most: number, underWay: readonly Job[] = []): PlannedArray[] {
  const makers = [...shared, ...underWay];
  const keys = new Map(makers.map((job) => [job, jobKey(job)]));
  const before = new Map(cells.map((job) => [job, goingBefore(job, makers)]));
  const free = cells.filter((job) => before.get(job)!.length === 0);
  const bound = cells.filter((job) => before.get(job)!.length > 0);
  const arrays = (kind: string, jobs: readonly Job[], after: readonly PlannedArray[] | null): PlannedArray[] =>
    pieces(jobs, most).map((piece, index) => ({
      name: `${name}-${kind}${jobs.length > most ? `-${index + 1}` : ""}`,
      jobs: piece,
      tasks: piece.map((job) => ({ job: jobKey(wholeOf(job)), cell: job.name, after: (before.get(job) ?? []).map((maker) => keys.get(maker)!), ...(job.part && { part: job.part }) })),
      after: after && after.map((one) => one.name),
    }));
  const first = arrays("shared", shared, null);
  return [...first, ...arrays("cells", free, null), ...arrays("after", bound, first)];
}

function pieces<Item>(items: readonly Item[], most: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, index) => items.slice(index * most, (index + 1) * most));
}
