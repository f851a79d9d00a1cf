import { randomBytes } from "node:crypto";
import { mkdir, opendir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { partSchema } from "../../jobs/job.ts";
import { readJson } from "../../json.ts";
import { readText } from "../../readText.ts";
import { resultsStore } from "../../store/store.ts";
import { writeAtomic } from "../../writeAtomic.ts";

const key = z.string().regex(/^[0-9a-f]{64}$/);

const submissionSchema = z.strictObject({
  format: z.literal(1),
  /** Begins the names of all its jobs. */
  name: z.string(),
  /** Folder of the results. */
  results: z.string(),
  date: z.iso.datetime(),
  /** Jobs, one of each kind, that a node is asked about before any runs. */
  probed: z.array(key).default([]),
  arrays: z.array(z.strictObject({
    /** The name that Slurm knows it by. */
    name: z.string(),
    /** By their numbers in the array. */
    tasks: z.array(z.strictObject({
      /** Of the job's file. */
      job: key,
      /** Which part of it; absent where it is done as a whole. */
      part: partSchema.optional(),
      /** Name of the cell, or of the step that several share. */
      cell: z.string(),
      /** Jobs that make what this one shares with others. */
      after: z.array(key),
    })),
  })),
});

/** What was submitted at a time. */
export type Submission = z.infer<typeof submissionSchema>;

/** Where a submission's folder is. */
export type SubmissionPlace = Pick<Submission, "results" | "name">;

/** A task of an array. */
export type Task = Submission["arrays"][number]["tasks"][number];

/** Such as `, part 2 of 4`; nothing of what is done as a whole. */
export function partNote({ part }: Pick<Task, "part">): string {
  return part ? `, part ${part.index} of ${part.of}` : "";
}

/** How a task ended, as it says itself. */
const endedSchema = z.strictObject({ failure: z.string().nullable(), log: z.string().nullable(), host: z.string() });

/** How a task ended, as it says itself. */
export type TaskEnded = z.infer<typeof endedSchema>;

/** Folder of all submissions of a results folder. */
export function submissionsFolder(results: string): string {
  return path.join(resultsStore(results), "slurm");
}

/** The file that says what a node prepared. */
export function preparedFile(results: string): string {
  return path.join(submissionsFolder(results), "prepared.json");
}

/** A name for a new one, as people find it in squeue; its end is its alone. */
export function newName(study: string): string {
  return `${study}-${randomBytes(4).toString("hex")}`;
}

/** Names of a submission's probe, of the job that makes its reports, and of one that made ready what cells need. */
export function helperNames({ name }: Pick<Submission, "name">): Record<"probe" | "report" | "preparation", string> {
  return { probe: `${name}-probe`, report: `${name}-report`, preparation: `${name}-prepare` };
}

/** Folder of a submission: what was asked for, logs, and how tasks ended. */
export function submissionFolder({ results, name }: SubmissionPlace): string {
  return path.join(submissionsFolder(results), name);
}

/** The file that says what was submitted, which tasks read. */
export function submissionFile(submission: SubmissionPlace): string {
  return path.join(submissionFolder(submission), "submission.json");
}

/** The log of a task: what it printed. */
export function logFile(submission: SubmissionPlace, array: string, index: number | string): string {
  return path.join(submissionFolder(submission), "logs", `${array}-${index}.log`);
}

/** Writes down what is about to be submitted. */
export async function writeSubmission(submission: Submission): Promise<void> {
  for (const part of ["logs", "ended"]) await mkdir(path.join(submissionFolder(submission), part), { recursive: true });
  await writeAtomic(submissionFile(submission), JSON.stringify(submissionSchema.parse(submission)), { fsync: false });
}

/** @throws UserError when it cannot be read */
export async function readSubmission(file: string): Promise<Submission> {
  return readJson(file, submissionSchema, "it is written by npm run sweep -- --executor slurm");
}

/** All submissions of a results folder that can be read, the oldest first. */
export async function readSubmissions(results: string): Promise<Submission[]> {
  const names = await readdir(submissionsFolder(results)).catch(() => []);
  const found = await Promise.all(names.map((name) => readSubmission(submissionFile({ results, name })).catch(() => null)));
  return found.flatMap((one) => one ?? []).sort((left, right) => left.date.localeCompare(right.date));
}

function endedFile(submission: SubmissionPlace, array: string, index: number): string {
  return path.join(submissionFolder(submission), "ended", `${array}-${index}.json`);
}

/** Says how a task ended. */
export async function writeEnded(submission: Submission, array: string, index: number, ended: TaskEnded): Promise<void> {
  await writeAtomic(endedFile(submission, array, index), JSON.stringify(ended), { fsync: false });
}

/** How a task ended; null where that is not seen, or not yet whole. */
export async function readEnded(submission: SubmissionPlace, array: string, index: number): Promise<TaskEnded | null> {
  return readText(endedFile(submission, array, index)).then((text) => endedSchema.parse(JSON.parse(text)), () => null).catch(() => null);
}

/**
 * Tasks that have said how they ended, as `ARRAY-INDEX`: reading the folder makes a shared file system look anew. They are read
 * piece by piece, as there may be tens of thousands, and those who follow them look every few seconds.
 */
export async function* endedTasks(submission: SubmissionPlace): AsyncIterable<string> {
  try {
    for await (const { name } of await opendir(path.join(submissionFolder(submission), "ended"), { bufferSize: 1024 })) {
      if (name.endsWith(".json") && !name.startsWith(".")) yield name.slice(0, -".json".length);
    }
  } catch {
    // What cannot be read now may be at the next look.
  }
}

/** The last lines of a task's log; empty where there is none. */
export async function logTail(file: string, lines = 3): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").map((line) => line.trim()).filter(Boolean).slice(-lines).join("; ").slice(-500);
}

const cancelledName = "cancelled";

/** Remembers that a submission was cancelled, so that whoever follows it knows why its tasks are gone. */
export async function markCancelled(submission: Submission): Promise<void> {
  await writeFile(path.join(submissionFolder(submission), cancelledName), "");
}

/** Whether it was. */
export async function isCancelled(submission: SubmissionPlace): Promise<boolean> {
  return readFile(path.join(submissionFolder(submission), cancelledName)).then(() => true, () => false);
}
