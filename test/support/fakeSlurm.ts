import { appendFile, chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { vi } from "vitest";
import { readSubmissions, type Submission, submissionFolder } from "../../harness/executors/slurm/submission.ts";
import { temporaryFolder } from "./temporary.ts";

/** Commands of Slurm's that take everything and run nothing. */
export interface FakeSlurm {
  /** Arguments of every call of sbatch so far. */
  submitted(): Promise<string[]>;
  /** Numbers of the jobs that were cancelled. */
  cancelled(): Promise<string[]>;
  /** What squeue lists from now on: `ARRAY-INDEX` of tasks that run. */
  list(tasks: readonly { array: string; index: number }[]): Promise<void>;
  /** Waits for the so-many-th submission, and answers its probe. */
  submission(results: string, count: number): Promise<Submission>;
}

/** Puts them on the PATH. */
export async function fakeSlurm(): Promise<FakeSlurm> {
  const folder = await temporaryFolder();
  const [calls, queue, cancels] = [path.join(folder, "calls"), path.join(folder, "queue"), path.join(folder, "cancels")];
  for (const file of [calls, queue, cancels]) await appendFile(file, "");
  const programs = {
    sbatch: `echo "$@" >> '${calls}'; wc -l < '${calls}'`,
    squeue: `cat '${queue}'`,
    scancel: `echo "$@" >> '${cancels}'`,
    scontrol: "case $* in *config) echo 'MaxArraySize = 1001';; *) echo 'PartitionName=p Default=YES MaxTime=UNLIMITED';; esac",
  };
  const bin = path.join(folder, "bin");
  await mkdir(bin);
  for (const [name, body] of Object.entries(programs)) {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(path.join(bin, name), 0o755);
  }
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
  return {
    submitted: async () => (await readFile(calls, "utf8")).split("\n").filter(Boolean),
    cancelled: async () => (await readFile(cancels, "utf8")).split(/\s+/).filter(Boolean),
    list: async (tasks) => writeFile(queue, tasks.map(({ array, index }) => `${array}|7|${index}|RUNNING|n${index}|2026-01-01T00:00:00|None\n`).join("")),
    async submission(results, count) {
      for (;;) {
        const found = (await readSubmissions(results))[count - 1];
        if (found) {
          await writeFile(path.join(submissionFolder(found), "probe.json"), JSON.stringify({ host: "n1", failure: null, isOtherKind: false }));
          return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}
