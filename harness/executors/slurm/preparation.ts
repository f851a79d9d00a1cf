import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../../errors.ts";
import type { SlurmSettings } from "../../study/slurmSettings.ts";
import { writeAtomic } from "../../writeAtomic.ts";
import { unplannedOptions } from "./resources.ts";
import { type Scheduler, type SchedulerWatch, slurmScheduler } from "./scheduler.ts";
import { batchScript, quoted } from "./script.ts";
import { lookAtSite } from "./site.ts";
import { helperNames, isCancelled, logFile, logTail, markCancelled, newName, type Submission, submissionFolder, writeSubmission } from "./submission.ts";
import { type Timing, usualTiming } from "./timing.ts";

/** What a node shall make ready, and what that takes. */
export interface PreparationAsked {
  /** Name of the study, which the job's name begins with. */
  study: string;
  results: string;
  settings: SlurmSettings;
  /** What the node is told, as JSON. */
  request: object;
  bytes: number;
  threads: number;
  timing: Timing | undefined;
}

/** Where the node finds what it is told, and leaves its answer. */
export interface PreparationFiles {
  request: string;
  answer: string;
}

/** Files of a preparation, by that of its request. */
export function preparationFiles(folder: string): PreparationFiles {
  return { request: path.join(folder, "request.json"), answer: path.join(folder, "answer.json") };
}

/**
 * Has a node make ready what cells need, `quantflex job --prepare`, and waits for its answer. Stopped, it cancels the job.
 *
 * @throws UserError when the job ends without an answer, or Slurm refuses it; AbortError when `signal` fires
 */
export async function prepareOnNode({ study, results, settings, request, bytes, threads, timing = usualTiming }: PreparationAsked, watch: SchedulerWatch): Promise<PreparationFiles> {
  const scheduler = slurmScheduler(watch);
  const site = await lookAtSite(scheduler, settings.partition);
  const submission: Submission = { format: 1, name: newName(study), results, date: new Date().toISOString(), probed: [], arrays: [] };
  const files = preparationFiles(submissionFolder(submission));
  await writeSubmission(submission);
  await writeAtomic(files.request, JSON.stringify(request), { fsync: false });
  const { preparation: name } = helperNames(submission);
  const script = path.join(submissionFolder(submission), "prepare.sh");
  await writeFile(script, batchScript("job.ts", [quoted(files.request), "--prepare"]), { mode: 0o755 });
  const log = logFile(submission, name, "job");
  try {
    const id = await scheduler.submit(name, script, [...unplannedOptions({ bytes, threads }, settings, site), "--signal=B:TERM@30", `--output=${log}`]);
    watch.note(`a node makes ready what cells need: job ${id}, which builds llama.cpp there if need be`);
    await untilAnswered({ submission, files, name, log, timing }, scheduler, watch);
  } catch (error) {
    if (watch.signal.aborted) {
      await markCancelled(submission).catch(() => undefined);
      await cancelNamed(name).catch(() => undefined);
    }
    throw error;
  }
  return files;
}

/** Cancels a job of which it may not be known whether it was submitted. */
async function cancelNamed(name: string): Promise<void> {
  const scheduler = slurmScheduler({ note: () => undefined, signal: AbortSignal.timeout(10_000) });
  await scheduler.cancel((await scheduler.queue([name])).map(({ id }) => id));
}

async function untilAnswered({ submission, files, name, log, timing }: { submission: Submission; files: PreparationFiles; name: string; log: string; timing: Timing }, scheduler: Scheduler, { note, signal }: SchedulerWatch): Promise<void> {
  let [asked, told] = [-Infinity, ""];
  let silentSince: number | null = null;
  // Reading the folder makes a shared file system look anew.
  while (!(await readdir(path.dirname(files.answer))).includes(path.basename(files.answer))) {
    const now = performance.now();
    if (now - asked >= timing.queue) {
      asked = now;
      const [job] = await scheduler.queueSurely([name]);
      if (job) silentSince = null;
      else silentSince ??= now;
      const text = job?.state === "PENDING" ? `it is queued (${job.reason})` : await logTail(log, 1);
      if (text !== "" && text !== told) note(text);
      told = text;
    }
    if (silentSince !== null && now - silentSince >= timing.patience) {
      if (await isCancelled(submission)) throw new UserError(`the job ${name}, which was to make ready what cells need, was cancelled; run npm run sweep again`);
      const tail = await logTail(log);
      throw new UserError(`the job ${name} ended without an answer in ${path.dirname(files.answer)}: do the cluster's nodes see that folder, can they run Node.js, and was there --time enough?${tail ? ` Its log ends: ${tail}` : ""}; give a folder that all nodes see with --out`);
    }
    await wait(timing.store, undefined, { signal });
  }
}
