import os from "node:os";
import { z } from "zod";
import { beginningOf, isRunning } from "../processes.ts";

/** Who holds a claim: its shape in a file. */
export const ownerSchema = z.strictObject({
  host: z.string(),
  process: z.int().positive(),
  /** When that process began, as its system tells it: process numbers come again. Null where it does not. */
  began: z.string().nullable(),
  /** The cluster's job that the process belongs to; null elsewhere. */
  job: z.string().nullable(),
});

/** Who holds a claim. */
export type Owner = z.infer<typeof ownerSchema>;

/** This process. */
export async function thisOwner(): Promise<Owner> {
  const { SLURM_JOB_ID, SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID: task } = process.env;
  // A task has a job's number of its own as well, by which nobody knows it.
  const job = SLURM_ARRAY_JOB_ID ?? SLURM_JOB_ID;
  return { host: os.hostname(), process: process.pid, began: await beginningOf(process.pid), job: job ? [job, ...(task ? [task] : [])].join("_") : null };
}

/**
 * Whether an owner is known to have ended: one of this host whose process is gone. Of another host nothing is known, and
 * its process numbers mean nothing here.
 */
export async function hasEnded(owner: Owner): Promise<boolean> {
  if (owner.host !== os.hostname()) return false;
  return !isRunning(owner.process) || (owner.began !== null && (await beginningOf(owner.process)) !== owner.began);
}
