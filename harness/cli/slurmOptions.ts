import { type Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../errors.ts";
import { usualJobHours } from "../jobs/parts.ts";
import { type SlurmSettings, slurmSchema } from "../study/slurmSettings.ts";
import type { SweepRequest } from "../sweep/request.ts";
import { positiveNumber } from "./positiveNumber.ts";
import { wholeNumber } from "./wholeNumber.ts";

/** What the options give. */
export interface SlurmOptions {
  executor?: "local" | "slurm";
  partition?: string;
  slurmOptions?: string;
  gres?: string;
  time?: string;
  mem?: string;
  cpus?: number;
  maxJobHours?: number;
  prepare?: "here" | "nodes";
  detach?: boolean;
}

/** Adds the options that say where a sweep's jobs run. */
export function addSlurmOptions(command: Command): Command {
  const setting = (flags: string, says: string, field: keyof SlurmSettings): Option => new Option(flags, says).argParser(allowed(field));
  return command
    .addOption(new Option("--executor <where>", "where cells run: on this machine, or on the Slurm cluster that it submits to").choices(["local", "slurm"]).default("local"))
    .addOption(setting("--partition <name>", "partition of the cluster (default: the study's, else that of ~/.config/quantflex.yaml, else the cluster's own)", "partition"))
    .addOption(setting("--slurm-options <words>", "more options for sbatch, such as '--account=x --constraint=y'", "options"))
    .addOption(setting("--gres <list>", "generic resources of each job, such as gpu:1 (default: gpu:1 where models are computed on a device; none for none)", "gres"))
    .addOption(setting("--time <limit>", "time of each job as Slurm writes it (default: twice the plan's and ten minutes; four hours where it knows none)", "time"))
    .addOption(setting("--mem <size>", "memory of each job as Slurm writes it (default: the plan's and a quarter)", "memory"))
    .option("--cpus <n>", "processors of each job (default: as many as threads)", wholeNumber(1, 4096))
    .option("--max-job-hours <h>", `hours that a job may take: a cell whose evaluation the plan expects to take longer is divided among several jobs (default: the study's, else ${usualJobHours})`, positiveNumber)
    .addOption(new Option("--prepare <where>", "where llama.cpp is built, devices are looked for and tables fitted: on this machine, or by a job on a node (default: on nodes where models are computed on their devices, or where these prove to be of another kind; else here)").choices(["here", "nodes"]))
    .option("--detach", "return when the jobs are submitted, and let them go on");
}

/** The options as a request, others as they are. @throws UserError for one that says nothing without the cluster */
export function withSlurm<Options extends SlurmOptions>(options: Options): Omit<Options, keyof SlurmOptions> & Pick<SweepRequest, "slurm" | "detach"> {
  const { executor, partition, slurmOptions, gres, time, mem, cpus, maxJobHours, prepare, detach, ...rest } = options;
  const given = { partition, options: slurmOptions, gres, time, memory: mem, cpus, max_job_hours: maxJobHours, prepare };
  if (executor !== "slurm") {
    const [name] = Object.entries({ partition, "slurm-options": slurmOptions, gres, time, mem, cpus, "max-job-hours": maxJobHours, prepare, detach }).find(([, value]) => value !== undefined) ?? [];
    if (name !== undefined) throw new UserError(`--${name} is about jobs on a cluster: give --executor slurm with it`);
    return rest;
  }
  return { ...rest, slurm: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), ...(detach && { detach }) };
}

function allowed(field: keyof SlurmSettings): (text: string) => string {
  return (text) => {
    const schema = slurmSchema.shape[field];
    if (schema.safeParse(text).success) return text;
    throw new InvalidArgumentError(`Allowed: ${schema.description ?? ""}.`);
  };
}
