import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../writeAtomic.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { readJson } from "../json.ts";
import { resultsStore } from "../store/store.ts";
import { type Job, jobSchema } from "./job.ts";

/** What a job is known by: what it does, and on what; by how many threads is not part of that. */
export function jobKey({ target: { threads: _threads, ...target }, ...job }: Pick<Job, "target" | "steps" | "part">): string {
  return hashText(canonicalJson([target, job.steps.map((step) => step.key), ...(job.part ? [job.part] : [])]));
}

/** Path of a job's file: `store/jobs/KEY.json`. */
export function jobFile(results: string, key: string): string {
  return path.join(resultsStore(results), "jobs", `${key}.json`);
}

/** Writes a job down, for whoever runs it. */
export async function writeJob(job: Job): Promise<void> {
  const file = jobFile(job.results, jobKey(job));
  await mkdir(path.dirname(file), { recursive: true });
  await writeAtomic(file, `${JSON.stringify(jobSchema.parse(job), null, 1)}\n`, { fsync: false });
}

/** Reads a job's file. @throws UserError when it is missing, or none */
export async function readJob(file: string): Promise<Job> {
  return readJson(file, jobSchema, "give a file of store/jobs in a results folder, which npm run sweep writes");
}
