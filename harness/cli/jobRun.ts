import type { Ended } from "../executors/executor.ts";
import { localExecutor } from "../executors/local.ts";
import { isStored } from "../jobs/isStored.ts";
import type { Job } from "../jobs/job.ts";
import { ensureJobBuild } from "../jobs/jobBuild.ts";
import { findTargets } from "../steps/targets.ts";
import type { CommandIo } from "./io.ts";
import { plainProgress } from "./plainProgress.ts";

/**
 * Runs a job, or its part, on this machine, with the build that it was made for.
 *
 * @param what names it in messages
 * @throws UserError when this machine makes another build, before anything of it is built or started
 */
export async function runHere(job: Job, what: string, stallLimit: number, io: CommandIo): Promise<Ended> {
  const report = plainProgress(io.print);
  const { threads, device } = job.target;
  const build = await ensureJobBuild(job, what, (text, fraction) => report({ kind: "build", text, fraction }), io.signal);
  const position = "1 of 1";
  const places = await findTargets(build, { threads, stallMinutes: stallLimit, devices: device === undefined ? [] : [device] }, io.signal);
  const running = localExecutor(places).run([job], {
    progress: (_job, step, text, fraction) => report({ kind: "cell", name: job.name, position, step, text, fraction }),
    note: (text) => report({ kind: "note", text }),
  }, io.signal);
  for await (const ended of running) {
    const { failure } = ended;
    report({ kind: "done", name: job.name, position, outcome: failure === null ? "computed" : "failed", text: failure ?? (await doneText(job)) });
    return ended;
  }
  throw new RangeError("the job did not end");
}

async function doneText({ part, ...whole }: Job): Promise<string> {
  return part && !(await isStored(whole)) ? `part ${part.index} of ${part.of} is done` : "every step has its record";
}
