import { stat } from "node:fs/promises";
import path from "node:path";
import { inBatches } from "../batches.ts";
import { UserError } from "../errors.ts";
import type { Scheduler } from "../executors/slurm/scheduler.ts";
import { logFile } from "../executors/slurm/submission.ts";
import { type HoldersOf, readHolders } from "../jobs/claims.ts";
import { failedStep } from "../jobs/failedStep.ts";
import { areStored, ownSteps, storesOf } from "../jobs/ownSteps.ts";
import { type FramesFiles, framesFiles } from "../steps/framesFiles.ts";
import { readPlan, type Plan } from "../store/plan.ts";
import { readFailure } from "../store/store.ts";
import { type Cluster, type ClusterTask, lookAtCluster, startOf, whyGone } from "./cluster.ts";
import { plannedTasks } from "./plannedTasks.ts";
import { preparationOf } from "./preparation.ts";
import { chunksOf, claimedStep, type PlanStep } from "./running.ts";
import { type Standing, type StudyStanding, unsaid } from "./types.ts";

/**
 * How the study of a results folder stands, by what is stored, claimed, and submitted to a cluster.
 *
 * @param scheduler asked only when something was submitted
 * @throws UserError when the folder holds no results
 */
export async function standingOf(results: string, scheduler: () => Scheduler): Promise<StudyStanding> {
  await refuseNoFolder(results);
  const [plan, cluster] = [await readPlan(results), await lookAtCluster(results, scheduler)];
  const preparation = await preparationOf(cluster, plan !== null);
  if (!plan) {
    if (!preparation) throw new UserError(`${results} holds no results; run npm run sweep first, or give its folder`);
    return { results, study: cluster.submissions.at(-1)!.name.replace(/-[0-9a-f]+$/, ""), cells: [preparation], unknown: cluster.unknown };
  }
  const looked: Looked = { cluster, holdersOf: await readHolders(results), filesOf: framesFiles() };
  const cells = await inBatches([...sharedSteps(plan), ...plan.cells.map(({ cell, steps }) => ({ name: cell.name, steps }))], (one) => standingOfOne(one, results, plan, looked));
  // What cells share is told of as long as it is under way, or in their way.
  const isOver = cells.every(({ isShared, standing: { state } }) => isShared || state === "stored");
  const shown = cells.filter(({ isShared, standing: { state } }) => !isShared || !(isOver || ["stored", "waiting"].includes(state)));
  return { results, study: plan.study.name, cells: [...(preparation ? [preparation] : []), ...shown.map(({ standing }) => standing)], unknown: looked.cluster.unknown };
}

/** @throws UserError where there is no such folder */
export async function refuseNoFolder(results: string): Promise<void> {
  const found = await stat(results).catch(() => null);
  if (!found?.isDirectory()) throw new UserError(`${results} ${found ? "is a file" : "is not there"}: give the results folder of a sweep with --results`);
}

/** What is looked up once for all cells. */
interface Looked {
  cluster: Cluster;
  holdersOf: HoldersOf;
  filesOf: FramesFiles;
}

interface Named {
  name: string;
  steps: PlanStep[];
}

function sharedSteps({ cells }: Plan): Named[] {
  const all = cells.flatMap(({ steps }) => steps.filter((step) => !ownSteps({ steps }).includes(step)));
  return [...new Map(all.map((step) => [step.key, { name: step.step, steps: [step] }])).values()];
}

async function standingOfOne({ name, steps }: Named, results: string, plan: Plan, { cluster, holdersOf, filesOf }: Looked): Promise<{ isShared: boolean; standing: Standing }> {
  const own = ownSteps({ steps });
  const isShared = steps.length === 1 && !plan.cells.some(({ cell }) => cell.name === name);
  const said = (standing: Pick<Standing, "state"> & Partial<Standing>): { isShared: boolean; standing: Standing } => ({ isShared, standing: { ...unsaid, ...standing, name } });
  if (await areStored({ results, steps: own })) return said({ state: "stored" });
  const tasks = await plannedTasks(cluster.tasks.get(name) ?? [], own, results, plan);
  const chunks = await chunksOf(results, steps, plan, filesOf);
  const claimed = claimedStep(own, holdersOf);
  const log = tasks.length === 1 ? logFile(tasks[0]!.submission, tasks[0]!.array, tasks[0]!.index) : null;
  const running = tasks.flatMap(({ queued }) => (queued && queued.state !== "PENDING" ? [queued] : []));
  const pending = tasks.flatMap(({ queued }) => (queued?.state === "PENDING" ? [queued] : []));
  const gone = tasks.some(({ queued }) => !queued) && !cluster.unknown && !(await isNewer(results, own, tasks)) ? await whyGone(tasks) : null;
  // Of a part that has ended while others go on.
  const lacking = gone && (running.length > 0 || pending.length > 0) ? { reason: `${gone.state}: ${gone.reason}`, log: gone.log } : {};
  if (claimed) {
    const { holders } = claimed;
    const nodes = running.length > 0 ? running.map(({ node }) => node) : holders.flatMap(({ owner }) => owner?.host ?? []);
    return said({ state: "running", node: together(nodes), since: holders[0].since.toISOString(), step: claimed.step.step, chunks, log, ...lacking });
  }
  if (running.length > 0) return said({ state: "running", node: together(running.map(({ node }) => node)), since: startOf(running[0]!), chunks, log, ...lacking });
  if (pending.length > 0) return said({ state: "queued", reason: together(pending.map(({ reason }) => reason)), chunks, ...lacking });
  if (gone) return said({ ...gone, chunks });
  const failed = await failedStep(steps, results);
  if (failed) return said({ state: "failed", chunks, reason: `${failed.step}: ${failed.failure.reason}`, log: await logIn(failed.folder) });
  return said({ state: tasks.length > 0 ? "queued" : "waiting", chunks, ...(tasks.length > 0 && { reason: cluster.unknown }) });
}

/** Each once, commas between; null of none. */
function together(names: readonly string[]): string | null {
  return [...new Set(names.filter(Boolean))].join(", ") || null;
}

/** Whether a local sweep has failed at a cell since it was submitted. */
async function isNewer(results: string, steps: readonly PlanStep[], tasks: readonly ClusterTask[]): Promise<boolean> {
  if (tasks.some(({ hasEnded }) => hasEnded)) return false;
  const [date = ""] = tasks.map(({ submission }) => submission.date).sort().reverse();
  for (const { step, key } of steps) for (const store of storesOf({ step }, results)) if (((await readFailure(store, step, key))?.date ?? "") > date) return true;
  return false;
}

async function logIn(folder: string): Promise<string | null> {
  for (const name of ["llama-quantize.log", "llama-perplexity.log", "llama-imatrix.log", "llama-moments.log"]) {
    if (await stat(path.join(folder, name)).catch(() => null)) return path.join(folder, name);
  }
  return null;
}
