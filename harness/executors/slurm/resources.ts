import { UserError } from "../../errors.ts";
import type { Job } from "../../jobs/job.ts";
import { type Divided, usualJobHours } from "../../jobs/parts.ts";
import { ownSteps } from "../../jobs/ownSteps.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import { hasOwnDevices } from "../../steps/devices.ts";
import { slurmBytes, type SlurmSettings, slurmSeconds } from "../../study/slurmSettings.ts";
import type { Site } from "./site.ts";

/** What a job takes, as the plan has it. */
export interface Need {
  /** Null when nothing of the kind was ever run. */
  seconds: number | null;
  bytes: number;
  /** How it is to be done in parts; null or absent where it takes no longer than a job may. */
  divided?: Divided | null;
}

/** What is asked for beyond what the plan expects: times were told from other runs, maybe on other machines. */
const margins = { time: 2, timeMore: 600, memory: 1.25 } as const;

/** Limit of a job of which the plan knows no time. */
const unknownSeconds = usualJobHours * 3600;

const mebibyte = 1 << 20;

/**
 * Options of sbatch for jobs that are submitted together: limits from what the plan says of the largest, with a margin, as far
 * as the settings have none of their own.
 *
 * @throws UserError when a limit, of the settings or the partition, is below what the plan needs
 */
export function resourceOptions(jobs: readonly Job[], needs: readonly Need[], settings: SlurmSettings, site: Site): string[] {
  const { seconds: most, partition } = site;
  const longest = largestBy(needs, ({ seconds }) => seconds ?? 0);
  const widest = largestBy(needs, ({ bytes }) => bytes);
  const [seconds, bytes] = [needs[longest]?.seconds ?? 0, needs[widest]?.bytes ?? 0];
  const [asked, memory] = [limitOf(settings.time, slurmSeconds), limitOf(settings.memory, slurmBytes)];
  if (seconds > Math.min(asked, most)) {
    const job = jobs[longest]!;
    const way = job.steps.some(({ step }) => stepNamed(step).part) ? ", or divide evaluations by fewer --max-job-hours" : "";
    const whose = asked <= most ? `--time gives ${asked} s: give more${way}` : `partition ${partition} gives ${most} s: give another with --partition${way}`;
    throw new UserError(`${job.name} needs about ${Math.ceil(seconds)} s by the plan, and ${whose}`);
  }
  if (bytes > memory) throw new UserError(`${jobs[widest]!.name} needs ${Math.ceil(bytes)} bytes of memory by the plan, and --mem gives ${memory}: give more`);
  const unknown = needs.some((need) => need.seconds === null);
  const planned = Math.max(margins.time * seconds + margins.timeMore, unknown ? unknownSeconds : 0);
  return jobOptions({ seconds: planned, bytes, cpus: Math.max(...jobs.map(({ target }) => target.threads)) }, settings, site);
}

/** Options of a job of which no plan tells how long it takes. @throws UserError when it is to have more time than the partition gives */
export function unplannedOptions({ bytes, threads }: { bytes: number; threads: number }, settings: SlurmSettings, site: Site): string[] {
  return jobOptions({ seconds: unknownSeconds, bytes, cpus: threads }, settings, site);
}

function jobOptions({ seconds, bytes, cpus }: { seconds: number; bytes: number; cpus: number }, settings: SlurmSettings, { seconds: most, partition }: Site): string[] {
  const asked = limitOf(settings.time, slurmSeconds);
  if (settings.time !== undefined && asked > most) throw new UserError(`--time asks for ${Number.isFinite(asked) ? `${asked} s` : "no limit"}, and partition ${partition} gives ${most} s at most: give less, or another with --partition`);
  const place = placeOptions(settings);
  const memory = settings.memory ?? `${Math.ceil((margins.memory * bytes) / mebibyte)}M`;
  return [`--time=${settings.time ?? Math.ceil(Math.min(seconds, most) / 60)}`, ...memoryOption(memory, place), "--ntasks=1", `--cpus-per-task=${settings.cpus ?? cpus}`, ...place];
}

/** Options of a job that takes next to nothing. */
export function smallOptions(settings: SlurmSettings): string[] {
  const place = placeOptions(settings);
  return [...place, "--time=10", ...memoryOption("1G", place), "--ntasks=1"];
}

/** Memory that is asked for by processor or by device goes instead. */
function memoryOption(memory: string, place: readonly string[]): string[] {
  return place.some((word) => word.startsWith("--mem-per-")) ? [] : [`--mem=${memory}`];
}

/** What a limit allows; without one, and by Slurm's 0, everything. */
function limitOf(text: string | undefined, read: (text: string) => number): number {
  return (text === undefined ? 0 : read(text)) || Infinity;
}

/** Options that say where jobs run, and on whose account. */
function placeOptions({ partition, gres, options = "" }: SlurmSettings): string[] {
  return [...(partition === undefined ? [] : [`--partition=${partition}`]), ...(gres === undefined ? [] : [`--gres=${gres}`]), ...words(options)];
}

/** Seconds that a job may be expected to take: the settings' hours, and no more than leaves the usual margin below the partition's limit. */
export function mostPlanned({ max_job_hours: hours = usualJobHours }: SlurmSettings, { seconds }: Site): number {
  return Math.min(3600 * hours, seconds / margins.time);
}

/** Settings for what is computed on a device or not: it wants one of its node's, if nothing else was said. */
export function withDevice(settings: SlurmSettings, isOnDevice: boolean): SlurmSettings {
  const isSaid = words(settings.options ?? "").some((word) => /^--(?:gres|gpus)/.test(word));
  return isOnDevice && !isSaid ? { gres: "gpu:1", ...settings } : settings;
}

/** Whether a job computes models on a device of its node's; a server's devices are not that, and quantizing needs none. */
export function wantsDevice(job: Job): boolean {
  return hasOwnDevices(job.target.backend ?? "native") && ownSteps(job).some(({ step }) => stepNamed(step).computes);
}

/** Options as a shell would part them; quotes keep blanks. */
function words(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ""));
}

function largestBy(needs: readonly Need[], size: (need: Need) => number): number {
  return needs.reduce((best, need, index) => (size(need) > size(needs[best]!) ? index : best), 0);
}

/** Those of a job's options that say what it may take. */
export function resourcesSaid(options: readonly string[]): string {
  return options.filter((one) => /^--(time|mem|cpus-per-task)=/.test(one)).join(" ");
}
