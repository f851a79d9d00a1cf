import { inBatches } from "../batches.ts";
import type { Executor } from "../executors/executor.ts";
import type { Job } from "../jobs/job.ts";
import { writeJob } from "../jobs/jobFile.ts";
import { isStored } from "../jobs/isStored.ts";
import type { Evaluation } from "../steps/evaluate.ts";
import { readRecord, resultsStore } from "../store/store.ts";
import type { Cell } from "../study/types.ts";
import type { Report, SweepEvent } from "./events.ts";

/** A cell and what is to be done for it. */
export interface CellJob {
  cell: Cell;
  job: Job;
}

/** What became of the cells, by name. */
export interface CellsEnded {
  computed: string[];
  stored: string[];
  failed: { name: string; reason: string; log: string | null }[];
  /** Those that were not begun, or were stopped, when another had failed. */
  left: string[];
}

/** How cells are run. */
export interface CellsAsked {
  /** Folder that results go to. */
  results: string;
  /** Whether the first that fails stops the others. */
  failFast: boolean;
  /** Cells that are to be run although every step has its record: what is done at a job's end is missing. */
  again: ReadonlySet<Job>;
}

/**
 * Run the cells that are not stored.
 *
 * @throws AbortError when `signal` fires
 */
export async function runCells(cells: readonly CellJob[], { results, failFast, again }: CellsAsked, executor: Executor, report: Report, signal: AbortSignal): Promise<CellsEnded> {
  const stored = await storedJobs(cells.map(({ job }) => job).filter((job) => !again.has(job)));
  report({ kind: "plan", results, cells: cells.map(({ job }) => ({ name: job.name, stored: stored.has(job) })) });
  const numbers = new Map(cells.map(({ job }, index) => [job, index + 1]));
  const position = (job: Job): string => `${numbers.get(job)!} of ${cells.length}`;
  const done = (job: Job, outcome: (SweepEvent & { kind: "done" })["outcome"], text: string): void =>
    report({ kind: "done", name: job.name, position: position(job), outcome, text });
  for (const job of stored) done(job, "stored", "already stored");
  const ended: CellsEnded = { computed: [], stored: [...stored].map(({ name }) => name), failed: [], left: [] };
  const waiting = cells.map(({ job }) => job).filter((job) => !stored.has(job));
  await inBatches(waiting, writeJob);
  const running = executor.run(waiting, {
    progress: (job, step, text, fraction) => report({ kind: "cell", name: job.name, position: position(job), step, text, fraction }),
    note: (text) => report({ kind: "note", text }),
  }, signal);
  for await (const { job, failure, log } of running) {
    if (failure === null) {
      ended.computed.push(job.name);
      done(job, "computed", await describe(job));
    } else {
      ended.failed.push({ name: job.name, reason: failure, log });
      done(job, "failed", failure);
      if (failFast) break;
    }
  }
  const over = new Set([...ended.computed, ...ended.failed.map(({ name }) => name)]);
  ended.left = waiting.flatMap(({ name }) => (over.has(name) ? [] : name));
  return ended;
}

async function storedJobs(jobs: readonly Job[]): Promise<Set<Job>> {
  const looked = await inBatches(jobs, async (job) => ((await isStored(job)) ? [job] : []));
  return new Set(looked.flat());
}

/** What a cell found, in a few words. */
async function describe({ results, steps }: Job): Promise<string> {
  const key = steps.find(({ step }) => step === "evaluate")?.key ?? "";
  const record = await readRecord(resultsStore(results), "evaluate", key);
  if (!record) return "every step was run";
  const { ppl, error, chunks } = (record.result as unknown as Evaluation).perplexity;
  return `perplexity ${Number(ppl.toFixed(4))} ± ${Number(error.toFixed(5))}, ${chunks.length} chunks`;
}
