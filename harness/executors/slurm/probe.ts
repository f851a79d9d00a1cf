import { readFile, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { findBuild } from "../../build/build.ts";
import { cacheFolder } from "../../paths.ts";
import { jobBuild } from "../../jobs/jobBuild.ts";
import { jobFile, readJob } from "../../jobs/jobFile.ts";
import { reasonOf } from "../../process/reason.ts";
import { findDevice } from "../../steps/devices.ts";
import { writeAtomic } from "../../writeAtomic.ts";
import { otherBuild } from "../../jobs/otherBuild.ts";
import { type Submission, submissionFolder } from "./submission.ts";

const answerSchema = z.strictObject({ host: z.string(), failure: z.string().nullable() });

/** What a node says before anything is computed. */
export type Answer = z.infer<typeof answerSchema>;

function answerFile(submission: Pick<Submission, "results" | "name">): string {
  return path.join(submissionFolder(submission), "probe.json");
}

/** Looks whether this machine, a node, sees what tasks need, and leaves the answer in the store. */
export async function answerProbe(submission: Submission, signal: AbortSignal): Promise<Answer> {
  const failure = await faultHere(submission, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return `node ${os.hostname()}: ${reasonOf(error)}`;
  });
  const answer = { host: os.hostname(), failure };
  await writeAtomic(answerFile(submission), JSON.stringify(answer), { fsync: false });
  return answer;
}

/** What a node said; null as long as nothing is seen of it. */
export async function readAnswer(submission: Submission): Promise<Answer | null> {
  return readFile(answerFile(submission), "utf8").then((text) => answerSchema.parse(JSON.parse(text)), () => null).catch(() => null);
}

/** @throws UserError when something that jobs need cannot be read, or a node has not what the backend needs, or no such device */
async function faultHere({ results, arrays }: Submission, signal: AbortSignal): Promise<string | null> {
  const job = await readJob(jobFile(results, arrays[0]!.tasks[0]!.job));
  for (const input of job.steps.flatMap(({ inputs }) => Object.values(inputs))) {
    if ("file" in input && !(await stat(input.file).catch(() => null))) return `node ${os.hostname()} does not see ${input.file}: put it where all nodes do`;
  }
  const expected = await findBuild("patched", await jobBuild(job, signal));
  if (!expected) return `node ${os.hostname()} does not see the cache folder ${cacheFolder()}, in which llama.cpp was built: give one that all nodes see in QUANTFLEX_CACHE`;
  if (expected.build.key !== job.target.build) return otherBuild(job, expected.build, `the study on node ${os.hostname()}`);
  if (expected.isThere) await findDevice(expected.build, job.target.device, signal);
  return null;
}
