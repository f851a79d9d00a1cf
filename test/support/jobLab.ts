import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Job } from "../../harness/jobs/job.ts";
import { loadResults } from "../../harness/report/load.ts";
import { readFrames } from "../../harness/steps/growingFrames.ts";
import { cacheStore, resultsStore } from "../../harness/store/store.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { temporaryFolder } from "./temporary.ts";

/** Runs a study. @returns a results folder with all that a sweep made */
export async function sweepOnce(folder: string, study: string): Promise<string> {
  const [made, file] = [path.join(folder, "made"), path.join(folder, "s.yaml")];
  await writeFile(file, study);
  const { failed } = await sweep({ study: file, out: made, threads: 2 }, () => undefined, new AbortController().signal);
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason).join("\n"));
  return made;
}

/** The same results folder with its plan and its job alone, the job changed. */
export async function freshFolder(made: string, change: (job: Job) => unknown = () => undefined): Promise<{ out: string; file: string }> {
  const out = await temporaryFolder();
  for (const part of ["plan.json", "jobs"]) await cp(path.join(resultsStore(made), part), path.join(resultsStore(out), part), { recursive: true });
  const [file = ""] = await readJobs(out);
  const job = JSON.parse(await readFile(file, "utf8")) as Job;
  job.results = out;
  change(job);
  await writeFile(file, JSON.stringify(job));
  return { out, file };
}

/** Files of the jobs that a sweep wrote down. */
async function readJobs(out: string): Promise<string[]> {
  const jobs = path.join(resultsStore(out), "jobs");
  return (await readdir(jobs)).map((name) => path.join(jobs, name));
}

/** What was found, without what is another each time: dates, durations, and where things lie. */
export async function found(out: string): Promise<unknown> {
  return (await loadResults(out)).cells.map(({ cell, record, failure }) => {
    const { steps, checksums: _checksums, ...figures } = record!;
    const times = { quantizeSeconds: 0, perplexitySeconds: 0, tokensPerSecond: 0 };
    const records = [...steps].map(([name, { key, inputs, files, result }]) => ({ name, key, inputs, files, result: { ...result, ...times } }));
    return { cell: cell.name, failure, records, ...figures, ...times };
  });
}

/** The file that the frames of the only cell grow in; with a chunk, that of the part which begins there. */
export async function growing(out: string, first?: number): Promise<string> {
  const parent = path.join(resultsStore(out), "evaluate", "growing");
  const suffix = first === undefined ? "" : `-from-${first}`;
  const [name = "none yet"] = (await readdir(parent).catch(() => [])).filter((one) => new RegExp(`^[0-9a-f]{64}${suffix}$`).test(one));
  return path.join(parent, name);
}

/** Waits until an evaluation has written some frames. */
export async function untilFrames(out: string, count: number, first?: number): Promise<void> {
  while ((await readFrames(await growing(out, first), null)).frames.length < count) await wait(5);
}

/** What claims, unfinished steps and unfinished jobs are left. */
export async function leftOvers(out: string, processId: number): Promise<string[]> {
  const claims = await Promise.all([resultsStore(out), cacheStore()].map((store) => readdir(path.join(store, "claims")).catch(() => [])));
  const scratch = await readdir(path.join(path.dirname(cacheStore()), "scratch")).catch(() => []);
  const [own, shared] = claims as [string[], string[]];
  return [...own, ...[...shared, ...scratch].filter((name) => name.includes(`-${processId}-`))];
}
