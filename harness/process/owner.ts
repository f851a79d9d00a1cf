import { z } from "zod";
import { thisProcess } from "../processes.ts";

/** Who holds a claim: its shape in a file. */
export const ownerSchema = z.strictObject({
  host: z.string(),
  process: z.int().positive(),
  began: z.string().nullable(),
  /** As of a process that others know; claims of earlier versions say neither. */
  namespace: z.string().nullable().default(null),
  machine: z.string().nullable().default(null),
  /** The cluster's job that the process belongs to; null elsewhere. */
  job: z.string().nullable(),
});

/** Who holds a claim. */
export type Owner = z.infer<typeof ownerSchema>;

/** This process. */
export function thisOwner(): Owner {
  const { SLURM_JOB_ID, SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID: task } = process.env;
  // A task has a job's number of its own as well, by which nobody knows it.
  const job = SLURM_ARRAY_JOB_ID ?? SLURM_JOB_ID;
  return { ...thisProcess(), job: job ? [job, ...(task ? [task] : [])].join("_") : null };
}
