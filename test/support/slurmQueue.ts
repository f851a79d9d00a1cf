import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { processNumbers } from "../../harness/processes.ts";
import { readFrames } from "../../harness/steps/growingFrames.ts";
import type { Cluster } from "./slurm.ts";

/** Waits until something is so. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(300);
}

/** What waits and runs, each as `NAME|JOB|STATE|NODE|REASON`. */
export async function queued(cluster: Cluster): Promise<string[]> {
  return (await cluster.call("squeue", "--noheader", "--array", "--format=%j|%i|%T|%N|%r")).split("\n").filter(Boolean);
}

/** A cell that runs on a node behind what it shares with others, as of {@link queued}. */
export async function cellOn(cluster: Cluster, node: string): Promise<string | undefined> {
  return (await queued(cluster)).find((line) => line.includes("-after|") && line.includes(`|RUNNING|${node}|`));
}

/** Milliseconds after which a node takes a job again that ended there: not within the same second. */
export const sameSecond = 2000;

/** Starts again what was put back, which Slurm itself does after two minutes, until something is over. */
export async function releasing(cluster: Cluster, isOver: () => boolean): Promise<void> {
  const since = new Map<string, number>();
  await until(async () => {
    for (const line of await queued(cluster)) {
      const [, job = "", , , reason] = line.split("|");
      if (reason !== "BeginTime") continue;
      if (!since.has(job)) since.set(job, performance.now());
      if (performance.now() - since.get(job)! > sameSecond) await cluster.call("scontrol", "update", `JobId=${job}`, "StartTime=now");
    }
    return isOver();
  });
}

/** A program that evaluates a cell as part of a job. */
interface Program {
  process: number;
  job: string;
  /** The file that it appends to. */
  frames: string;
}

/**
 * Makes the program stand still that evaluates a cell on a node, when it has done some chunks: from then on it takes whatever
 * time it has.
 *
 * @param folder that the results lie in
 * @returns what it is, and the chunks that it has done
 */
export async function standStill(folder: string, node: string): Promise<Program & { chunks: number }> {
  for (;;) {
    for (const found of await programsOn(node, folder)) {
      if ((await readFrames(found.frames)).frames.length < 8) continue;
      process.kill(found.process, "SIGSTOP");
      await wait(100);
      const chunks = (await readFrames(found.frames)).frames.length;
      if (chunks < 90) return { ...found, chunks };
      process.kill(found.process, "SIGCONT");
    }
    await wait(20);
  }
}

async function programsOn(node: string, folder: string): Promise<Program[]> {
  const read = async (number: number, file: string): Promise<string[]> => (await readFile(`/proc/${number}/${file}`, "utf8").catch(() => "")).split("\0");
  const all = processNumbers().map(async (number) => {
    const argv = await read(number, "cmdline");
    const frames = argv[argv.indexOf("--frames") + 1] ?? "";
    if (!argv[0]?.endsWith("llama-perplexity") || !frames.startsWith(folder)) return [];
    const { SLURMD_NODENAME, SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID } = Object.fromEntries((await read(number, "environ")).map((line) => line.split("=") as [string, string]));
    return SLURMD_NODENAME === node ? [{ process: number, job: `${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}`, frames }] : [];
  });
  return (await Promise.all(all)).flat();
}
