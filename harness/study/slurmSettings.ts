import { z } from "zod";

const second = 1;
const [minute, hour, day] = [60 * second, 3600 * second, 86_400 * second];

/** Limits of time as Slurm writes them: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes, days-hours:minutes:seconds. */
const timePattern = /^(?:\d{1,7}|\d{1,7}:\d{1,2}(?::\d{1,2})?|\d{1,4}-\d{1,2}(?::\d{1,2}){0,2})$/;
const memoryPattern = /^\d{1,9}[KMGT]?$/;

/** How jobs are submitted to Slurm. All that is left out follows from the plan, or is the cluster's own. */
export const slurmSchema = z.strictObject({
  partition: z.string().regex(/^[\w.,-]+$/).optional().describe("a partition of the cluster's"),
  options: z.string().optional().describe("options for sbatch, such as --account=x --constraint=y"),
  gres: z.string().regex(/^[\w.,:=-]+$/).optional().describe("generic resources of each job, such as gpu:1"),
  time: z.string().regex(timePattern).optional().describe("limit of each job's time as Slurm writes it: minutes, hours:minutes:seconds, or days-hours"),
  memory: z.string().regex(memoryPattern).optional().describe("memory of each job as Slurm writes it: a whole number with K, M, G or T behind, M without"),
  cpus: z.int().min(1).max(4096).optional().describe("processors of each job: a whole number from 1"),
  max_job_hours: z.number().positive().max(100_000).optional().describe("hours that a job may take, by the plan: a cell whose evaluation takes longer is divided among several"),
  prepare: z.enum(["here", "nodes"]).optional().describe("where llama.cpp is built, devices are looked for and tables fitted: here, or nodes, by a job on one of them"),
});

/** How jobs are submitted to Slurm. */
export type SlurmSettings = z.infer<typeof slurmSchema>;

/** Seconds of a limit of time as Slurm writes it. */
export function slurmSeconds(text: string): number {
  const [days, rest] = text.includes("-") ? (text.split("-") as [string, string]) : [null, text];
  const parts = rest.split(":").map(Number);
  const units = days !== null ? [hour, minute, second] : parts.length === 3 ? [hour, minute, second] : [minute, second];
  return Number(days ?? 0) * day + parts.reduce((sum, part, index) => sum + part * units[index]!, 0);
}

/** Bytes of a memory as Slurm writes it. */
export function slurmBytes(text: string): number {
  const [, number, unit = "M"] = /^(\d+)([KMGT]?)$/.exec(text)!;
  return Number(number) * 1024 ** ("KMGT".indexOf(unit || "M") + 1);
}
