/** A program for slurm.test.ts: a sweep on the cluster that waits for no file longer than some seconds. Arguments: study, results folder. */
import { sweep } from "../../harness/sweep/sweep.ts";

const [study, out] = process.argv.slice(2) as [string, string];
await sweep({ study, out, threads: 1, slurm: {}, timing: { queue: 500, store: 200, patience: 5_000 } }, () => undefined, new AbortController().signal).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
