import path from "node:path";
import { submissionsFolder } from "../executors/slurm/submission.ts";
import { claimsFolder } from "../jobs/claims.ts";
import type { PlannedStep } from "../jobs/job.ts";
import { removeEndedClaims } from "../process/claim.ts";
import { stepsOfCell } from "../steps/registry.ts";
import { resultsStore, sharedStores } from "../store/store.ts";
import { isFresh, trimFolder } from "../trim.ts";
import { removePartial } from "../writeAtomic.ts";

/** Bytes of what belongs to other plans than the results folder's latest that are kept: descriptions of jobs, evaluations to go on behind, logs of cluster jobs. */
const most = { jobs: 64e6, growing: 2e9, slurm: 256e6 };

/**
 * Bounds what a results folder holds beside its records, and removes halves of files and claims that killed
 * processes left.
 *
 * @param steps those of the plan
 */
export async function tidyResults(results: string, steps: readonly PlannedStep[]): Promise<void> {
  const store = resultsStore(results);
  const growing = stepsOfCell.filter(({ grows, shared }) => grows && !shared).map(({ name }) => path.join(store, name, "growing"));
  const jobs = path.join(store, "jobs");
  for (const folder of [results, ...["figures", "histograms", "models"].map((name) => path.join(results, name)), store, jobs, ...growing]) await removePartial(folder);
  for (const one of sharedStores(results)) await removeEndedClaims(claimsFolder(one));
  const planned = new Set(steps.map((step) => step.growing));
  // A file of an evaluation's last chunks begins with the name of the whole.
  for (const folder of growing) await trimFolder(folder, most.growing, (entry) => planned.has(entry.name.slice(0, 64)) || isFresh(entry));
  await trimFolder(jobs, most.jobs, isFresh);
  await trimFolder(submissionsFolder(results), most.slurm, isFresh);
}
