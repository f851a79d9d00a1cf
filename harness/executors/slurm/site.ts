import { UserError } from "../../errors.ts";
import { slurmSeconds } from "../../study/slurmSettings.ts";
import type { Scheduler } from "./scheduler.ts";

/** What a cluster allows. */
export interface Site {
  /** Tasks of an array. */
  arrayTasks: number;
  /** Seconds that a job of the partition may take; infinite without a limit. */
  seconds: number;
  /** The partition's name. */
  partition: string;
}

/** Tasks of an array where the cluster does not say how many it may have; Slurm's own default. */
const usualArray = 1001;

/**
 * Looks up what a cluster allows.
 *
 * @param asked name of a partition, or several with commas between; the cluster's default by default
 * @throws UserError that lists the partitions when it has none by that name
 */
export async function lookAtSite(scheduler: Scheduler, asked: string | undefined): Promise<Site> {
  const arrayTasks = Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(await scheduler.show("config"))?.[1] ?? usualArray);
  const partitions = (await scheduler.show("partition")).split("\n").filter(Boolean).map(fieldsOf);
  const wanted = asked?.split(",") ?? partitions.flatMap(({ PartitionName, Default }) => (Default === "YES" ? [PartitionName!] : []));
  const found = wanted.map((name) => partitions.find(({ PartitionName }) => PartitionName === name) ?? name);
  const unknown = found.find((one) => typeof one === "string");
  if (unknown !== undefined) throw new UserError(`the cluster has no partition ${unknown as string}; it has ${partitions.map(({ PartitionName }) => PartitionName).join(", ")}: give one with --partition`);
  const limits = found.map((one) => secondsOf((one as Record<string, string>)["MaxTime"]));
  // Numbers of tasks begin at 0, and the largest is below the size.
  return { arrayTasks: Math.max(1, arrayTasks), seconds: Math.min(Infinity, ...limits), partition: wanted.join(",") };
}

function fieldsOf(line: string): Record<string, string> {
  return Object.fromEntries(line.split(/\s+/).flatMap((field) => (field.includes("=") ? [[field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]] : [])));
}

function secondsOf(limit: string | undefined): number {
  return limit !== undefined && /^[\d:-]+$/.test(limit) ? slurmSeconds(limit) : Infinity;
}
