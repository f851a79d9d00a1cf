import type { Job } from "../jobs/job.ts";

/** How a job ended; what it found is in the store. */
export interface Ended {
  job: Job;
  /** Why it failed, in a line; null when it did not. */
  failure: string | null;
  /** Path of what the program wrote that failed; null where there is none. */
  log: string | null;
}

/** What an executor tells of a job under way: its step, words, and the fraction of the step where it is known. */
export interface JobReport {
  progress(job: Job, step: string, text: string, fraction?: number): void;
  note(text: string): void;
}

/** Something that runs jobs. */
export interface Executor {
  /**
   * Run jobs, which have been written down; one that fails does not stop the others.
   *
   * @returns each as it ends; nothing of those that are left to themselves
   * @throws AbortError when `signal` fires, after everything that ran here has ended
   */
  run(jobs: readonly Job[], report: JobReport, signal: AbortSignal): AsyncIterable<Ended>;
}
