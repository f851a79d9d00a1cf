import { jobFile, readJob } from "../jobs/jobFile.ts";
import type { Plan } from "../store/plan.ts";
import type { ClusterTask } from "./cluster.ts";
import type { PlanStep } from "./running.ts";

/**
 * Those of a cell's tasks that say how it stands: that wait or run, or were submitted for the steps that it has now. What
 * was submitted before the plan may have been for others, of fewer chunks or another build.
 *
 * @param steps the cell's own
 */
export async function plannedTasks(tasks: readonly ClusterTask[], steps: readonly PlanStep[], results: string, { date }: Pick<Plan, "date">): Promise<ClusterTask[]> {
  const isPlanned = await Promise.all(tasks.map(async (task) => task.queued !== null || task.submission.date >= date || (await isFor(task, steps, results))));
  return tasks.filter((_, index) => isPlanned[index]);
}

async function isFor({ submission, array, index }: ClusterTask, steps: readonly PlanStep[], results: string): Promise<boolean> {
  const { job } = submission.arrays.find(({ name }) => name === array)!.tasks[index]!;
  const found = await readJob(jobFile(results, job)).catch(() => null);
  return found !== null && steps.every(({ key }) => found.steps.some((step) => step.key === key));
}
