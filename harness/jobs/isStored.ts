import type { Job } from "./job.ts";
import { areStored } from "./ownSteps.ts";
import { isPart, isPartStored } from "./runPart.ts";

/** Whether every step of a job has its record; of a part of a job, whether that part is done. */
export async function isStored(job: Job): Promise<boolean> {
  return isPart(job) ? isPartStored(job) : areStored(job);
}
