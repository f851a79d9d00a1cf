import { existsSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { binariesFolder } from "../../build/build.ts";
import { UserError } from "../../errors.ts";
import { cacheFolder } from "../../paths.ts";
import type { Job } from "../../jobs/job.ts";
import { findJobBuild } from "../../jobs/jobBuild.ts";
import { jobFile, readJob } from "../../jobs/jobFile.ts";
import { determinedAsPlanned } from "../../jobs/plannedFor.ts";
import { ProcessError, run } from "../../process/run.ts";
import { reasonOf } from "../../process/reason.ts";
import { childEnvironment } from "../../steps/environment.ts";
import { findTargets } from "../../steps/targets.ts";
import { thisProject } from "../../upstream/project.ts";
import { writeAtomic } from "../../writeAtomic.ts";
import { OtherMachine } from "../../jobs/otherMachine.ts";
import { type Submission, type SubmissionPlace, preparedFile, submissionFolder, submissionsFolder } from "./submission.ts";

const answerSchema = z.strictObject({
  host: z.string(),
  failure: z.string().nullable(),
  /** Whether the failure is that the node is of another kind than jobs were planned for. */
  isOtherKind: z.boolean(),
});

/** What a node says before anything is computed. */
export type Answer = z.infer<typeof answerSchema>;

function answerFile(submission: SubmissionPlace): string {
  return path.join(submissionFolder(submission), "probe.json");
}

/** Looks whether this machine, a node, sees what tasks need, and leaves the answer in the store. */
export async function answerProbe(submission: Submission, signal: AbortSignal): Promise<Answer> {
  const fault = await lookHere(submission, signal).then(() => null, (error: unknown) => {
    signal.throwIfAborted();
    return error as Error;
  });
  const failure = fault && named(reasonOf(fault));
  const answer = { host: os.hostname(), failure, isOtherKind: fault instanceof OtherMachine };
  if (answer.isOtherKind) {
    await writeAtomic(otherKindFile(submission.results), JSON.stringify(answer), { fsync: false });
    // What a node prepared before does not serve this one.
    await rm(preparedFile(submission.results), { force: true });
  }
  await writeAtomic(answerFile(submission), JSON.stringify(answer), { fsync: false });
  return answer;
}

function node(): string {
  return `node ${os.hostname()}`;
}

function named(reason: string): string {
  return reason.includes(node()) ? reason : `${node()}: ${reason}`;
}

/** Whether a node has found that it is of another kind than a results folder's jobs were planned for. */
export function areOfOtherKind(results: string): boolean {
  return existsSync(otherKindFile(results));
}

function otherKindFile(results: string): string {
  return path.join(submissionsFolder(results), "other-kind.json");
}

/** What a node said; null as long as nothing is seen of it. */
export async function readAnswer(submission: SubmissionPlace): Promise<Answer | null> {
  return readFile(answerFile(submission), "utf8").then((text) => answerSchema.parse(JSON.parse(text)), () => null).catch(() => null);
}

/**
 * @throws UserError when something that jobs need cannot be read, or a node has not what the backend needs, or no such device
 * @throws OtherMachine when keys of jobs are others here
 */
async function lookHere({ results, probed }: Submission, signal: AbortSignal): Promise<void> {
  for (const key of probed) await lookAt(await readJob(jobFile(results, key)), signal);
}

async function lookAt(job: Job, signal: AbortSignal): Promise<void> {
  for (const input of job.steps.flatMap(({ inputs }) => Object.values(inputs))) {
    if ("file" in input && !(await stat(input.file).catch(() => null))) throw new UserError(`${node()} does not see ${input.file}: put it where all nodes do`);
  }
  const unseen = `${node()} does not see the cache folder ${cacheFolder()}, in which llama.cpp was built: give one that all nodes see in QUANTFLEX_CACHE`;
  if (!existsSync(binariesFolder(thisProject(), job.target.build))) throw new UserError(unseen);
  const found = await findJobBuild(job, `the study on ${node()}`, signal);
  // Whoever submits has the build by then.
  if (!found?.isThere) throw new UserError(unseen);
  const { build } = found;
  await run(build.binary("llama-perplexity"), ["--version"], { env: childEnvironment(null), signal }).catch((error: unknown) => {
    if (!(error instanceof ProcessError)) throw error;
    throw new OtherMachine(`programs that were built for the study do not start here (${error.reason})`);
  });
  const { threads, device } = job.target;
  const [on] = await findTargets(build, { threads, devices: device === undefined ? [] : [device] }, signal);
  const makers = new Map(job.steps.map((planned) => [planned.key, planned]));
  const strange = job.steps.find((planned) => !determinedAsPlanned(planned, makers, on));
  if (strange) throw new OtherMachine(`${strange.step} of the study was planned for another machine than one with ${[on.device?.line, on.device?.driver, on.xz].filter(Boolean).join(", ")}; keep to nodes of one kind by --slurm-options --constraint`);
}
