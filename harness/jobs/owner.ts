import { readFile } from "node:fs/promises";
import os from "node:os";
import { z } from "zod";

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
  const { SLURM_JOB_ID: job, SLURM_ARRAY_TASK_ID: task } = process.env;
  return { host: os.hostname(), process: process.pid, began: await beginning(process.pid), job: job ? [job, ...(task ? [task] : [])].join("_") : null };
}

/**
 * Whether an owner is known to have ended: one of this host whose process is gone. Of another host nothing is known, and
 * its process numbers mean nothing here.
 */
export async function hasEnded(owner: Owner): Promise<boolean> {
  if (owner.host !== os.hostname()) return false;
  try {
    process.kill(owner.process, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  return owner.began !== null && (await beginning(owner.process)) !== owner.began;
}

/** Start time of a process in clock ticks after the boot, with the boot's id; null where there is no /proc, or it has ended. */
async function beginning(processId: number): Promise<string | null> {
  try {
    const [status, boot] = await Promise.all([readFile(`/proc/${processId}/stat`, "utf8"), readFile("/proc/sys/kernel/random/boot_id", "utf8")]);
    // The second field, the program's name, may hold anything but ends at the last parenthesis.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    // A zombie: it has ended, and nobody has asked how.
    return fields[0] === "Z" ? null : `${boot.trim()}-${fields[19]}`;
  } catch {
    return null;
  }
}
