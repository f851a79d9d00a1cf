import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type Job, wholeOf } from "../../jobs/job.ts";
import { jobKey } from "../../jobs/jobFile.ts";
import type { SlurmSettings } from "../../study/slurmSettings.ts";
import type { PlannedArray } from "./arrays.ts";
import { type Need, resourceOptions, resourcesSaid, smallOptions, wantsDevice, withDevice } from "./resources.ts";
import type { Scheduler } from "./scheduler.ts";
import { batchScript, quoted } from "./script.ts";
import type { Site } from "./site.ts";
import { helperNames, logFile, type Submission, submissionFile, submissionFolder, writeSubmission } from "./submission.ts";

/** What is submitted together. */
export interface Asked {
  name: string;
  results: string;
  arrays: readonly PlannedArray[];
  needs: ReadonlyMap<Job, Need>;
  settings: SlurmSettings;
  site: Site;
  /** Numbers of jobs, submitted before, that make what cells share. */
  under: readonly string[];
  /** Minutes after which a silent program is taken for one that hangs; a job's usual ones by default. */
  stallMinutes: number | undefined;
}

/**
 * Submits a probe, the arrays behind it, whose jobs must have been written down, and behind those what makes the reports. What
 * of it was submitted is cancelled when the rest is refused.
 *
 * @throws UserError when limits are below what the plan needs, or Slurm refuses
 */
export async function submitAll({ name, results, arrays, needs, settings, site, under, stallMinutes }: Asked, scheduler: Scheduler, note: (text: string) => void): Promise<Submission> {
  const options = arrays.map(({ jobs }) => resourceOptions(jobs, jobs.map((job) => needs.get(job)!), withDevice(settings, jobs.some(wantsDevice)), site));
  const submission: Submission = { format: 1, name, results, date: new Date().toISOString(), probed: oneOfEachKind(arrays), arrays: arrays.map(({ name: array, tasks }) => ({ name: array, tasks })) };
  await writeSubmission(submission);
  const helpers = helperNames(submission);
  const asked = quoted(submissionFile(submission));
  const script = async (file: string, text: string): Promise<string> => {
    const to = path.join(submissionFolder(submission), file);
    await writeFile(to, text, { mode: 0o755 });
    return to;
  };
  const ids = new Map<string, string>();
  const submit = async (job: string, file: string, given: readonly string[]): Promise<void> => void ids.set(job, await scheduler.submit(job, file, given));
  const { gres: _gres, ...elsewhere } = settings;
  try {
    await submit(helpers.probe, await script("probe.sh", batchScript("job.ts", [asked, "--probe"])), [...smallOptions(withDevice(settings, arrays.some(({ jobs }) => jobs.some(wantsDevice)))), `--output=${logFile(submission, helpers.probe, "job")}`]);
    for (const [index, array] of arrays.entries()) {
      const before = array.after ? [...array.after.map((one) => ids.get(one)!), ...under] : [];
      const file = await script(`${array.name}.sh`, batchScript("job.ts", [asked, "--task", `"${array.name}:$SLURM_ARRAY_TASK_ID"`, ...(stallMinutes === undefined ? [] : ["--stall-limit", String(stallMinutes)])]));
      await submit(array.name, file, [
        ...options[index]!, `--array=0-${array.tasks.length - 1}`,
        `--dependency=${[`afterok:${ids.get(helpers.probe)}`, ...(before.length > 0 ? [`afterany:${before.join(":")}`] : [])].join(",")}`, "--kill-on-invalid-dep=yes",
        // So that a job that meets its limit gives back its claim and keeps what is finished.
        "--signal=B:TERM@30", "--open-mode=append", `--output=${logFile(submission, array.name, "%a")}`,
      ]);
      note(`submitted as ${ids.get(array.name)}: ${array.tasks.length} ${array.tasks.length === 1 ? "job" : "jobs"}: ${resourcesSaid(options[index]!)}`);
    }
    const all = arrays.map((array) => ids.get(array.name)).join(":");
    await submit(helpers.report, await script("report.sh", batchScript("report.ts", ["--results", quoted(results)])), [...smallOptions(elsewhere), `--dependency=afterany:${all}`, `--output=${logFile(submission, helpers.report, "job")}`]);
    return submission;
  } catch (error) {
    await scheduler.cancel([...ids.values()]).catch(() => undefined);
    throw error;
  }
}

/** Keys of jobs with all kinds of steps, and all files that were given. */
function oneOfEachKind(arrays: readonly PlannedArray[]): string[] {
  const found = new Map<string, string>();
  for (const { jobs } of arrays) {
    for (const job of jobs) {
      const kind = job.steps.map(({ step, inputs }) => [step, ...Object.values(inputs).map((input) => ("file" in input ? input.file : ""))].join("|")).join("\n");
      if (!found.has(kind)) found.set(kind, jobKey(wholeOf(job)));
    }
  }
  return [...found.values()];
}
