import { UserError } from "../../errors.ts";
import type { Job } from "../../jobs/job.ts";
import { type Divided, usualJobHours } from "../../jobs/parts.ts";
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
export function resourceOptions(jobs: readonly Job[], needs: readonly Need[], settings: SlurmSettings, { seconds: most, partition }: Site): string[] {
  const longest = largestBy(needs, ({ seconds }) => seconds ?? 0);
  const widest = largestBy(needs, ({ bytes }) => bytes);
  const [seconds, bytes] = [needs[longest]?.seconds ?? 0, needs[widest]?.bytes ?? 0];
  const [asked, memory] = [settings.time === undefined ? null : slurmSeconds(settings.time), settings.memory === undefined ? null : slurmBytes(settings.memory)];
  const limit = Math.min(asked ?? Infinity, most);
  if (seconds > limit) {
    const job = jobs[longest]!;
    const way = job.steps.some(({ step }) => stepNamed(step).part) ? ", or divide evaluations by fewer --max-job-hours" : "";
    const whose = asked !== null && asked <= most ? `--time gives ${asked} s: give more${way}` : `partition ${partition} gives ${most} s: give another with --partition${way}`;
    throw new UserError(`${job.name} needs about ${Math.ceil(seconds)} s by the plan, and ${whose}`);
  }
  refuseBeyond(settings, most, partition);
  if (memory !== null && bytes > memory) throw new UserError(`${jobs[widest]!.name} needs ${Math.ceil(bytes)} bytes of memory by the plan, and --mem gives ${memory}: give more`);
  const unknown = needs.some((need) => need.seconds === null);
  const planned = Math.max(margins.time * seconds + margins.timeMore, unknown ? unknownSeconds : 0);
  const cpus = settings.cpus ?? Math.max(...jobs.map(({ target }) => target.threads));
  return [
    `--time=${settings.time ?? Math.ceil(Math.min(planned, most) / 60)}`,
    `--mem=${settings.memory ?? mebibytes(bytes)}`,
    "--ntasks=1", `--cpus-per-task=${cpus}`,
    ...placeOptions(settings),
  ];
}

function mebibytes(bytes: number): string {
  return `${Math.ceil((margins.memory * bytes) / mebibyte)}M`;
}

function refuseBeyond({ time }: SlurmSettings, most: number, partition: string): void {
  const asked = time === undefined ? 0 : slurmSeconds(time);
  if (asked > most) throw new UserError(`--time asks for ${asked} s, and partition ${partition} gives ${most} s at most: give less, or another with --partition`);
}

/** Options that say where jobs run, and on whose account. */
export function placeOptions({ partition, gres, options = "" }: SlurmSettings): string[] {
  return [...(partition === undefined ? [] : [`--partition=${partition}`]), ...(gres === undefined ? [] : [`--gres=${gres}`]), ...words(options)];
}

/** Seconds that a job may be expected to take: the settings' hours, and no more than leaves the usual margin below the partition's limit. */
export function mostPlanned({ max_job_hours: hours = usualJobHours }: SlurmSettings, { seconds }: Site): number {
  return Math.min(3600 * hours, seconds / margins.time);
}

/** Options of a job of which no plan tells how long it takes. @throws UserError when it is to have more time than the partition gives */
export function singleJobOptions({ bytes, threads }: { bytes: number; threads: number }, settings: SlurmSettings, { seconds: most, partition }: Site): string[] {
  refuseBeyond(settings, most, partition);
  return [
    `--time=${settings.time ?? Math.ceil(Math.min(unknownSeconds, most) / 60)}`,
    `--mem=${settings.memory ?? mebibytes(bytes)}`,
    "--ntasks=1", `--cpus-per-task=${settings.cpus ?? threads}`,
    ...placeOptions(settings),
  ];
}

/** Settings for what is computed on a device or not: it wants one of its node's, if nothing else was said. */
export function withDevice(settings: SlurmSettings, isOnDevice: boolean): SlurmSettings {
  return isOnDevice ? { gres: "gpu:1", ...settings } : settings;
}

/** Whether a job's models are computed on a device of its node's; a server's devices are not that. */
export function wantsDevice({ target: { device, backend } }: Job): boolean {
  return device !== undefined && hasOwnDevices(backend ?? "native");
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
