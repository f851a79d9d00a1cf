import path from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ensureBuild, targetsOf } from "../build/build.ts";
import { backendFlavour } from "../build/flavour.ts";
import { UserError } from "../errors.ts";
import { localExecutor } from "../executors/local.ts";
import type { Job, JobPart } from "../jobs/job.ts";
import { readJob } from "../jobs/jobFile.ts";
import { isStored } from "../jobs/runJob.ts";
import { logNote } from "../process/reason.ts";
import { moments } from "../steps/moments.ts";
import { findTargets } from "../sweep/targets.ts";
import { releaseNamed } from "../upstream/releases.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { plainProgress } from "./plainProgress.ts";
import { stallOption } from "./stallOption.ts";

/** Adds `job`: run one cell of a sweep on any machine that sees its folders. */
export function addJobCommand(program: Command, io: CommandIo): void {
  program
    .command("job")
    .description("run the steps of one cell that have no record yet, as a sweep wrote them down")
    .argument("<file>", "a file of store/jobs in a results folder")
    .addOption(new Option("--part <i/n>", "of the evaluation only the i-th of n parts, which may run side by side on several machines; the last to end does the rest of the cell").argParser(jobPart))
    .option("--alone", "with --part: quantize for this part alone, without waiting for another's file (without it so only where that file is too large to be kept)")
    .addOption(stallOption())
    .action(async (file: string, { stallLimit, part, alone }: { stallLimit: number; part?: JobPart; alone?: boolean }) => {
      if (alone && !part) throw new UserError("--alone is for a part of a job: give --part I/N with it");
      const whole = await readJob(path.resolve(file));
      const job: Job = part ? { ...whole, part: { ...part, ...(alone && { alone }) } } : whole;
      const report = plainProgress(io.print);
      const { release: tag, build: key, threads, backend = "native", device } = job.target;
      const release = await releaseNamed(tag);
      const flavour = await backendFlavour(backend, release, io.signal);
      const build = await ensureBuild("patched", {
        release,
        ...(flavour && { flavour }),
        targets: targetsOf(job.steps.some(({ step }) => step === moments.name), backend),
        report: (text, fraction) => report({ kind: "build", text, fraction }),
        signal: io.signal,
      });
      if (build.key !== key) throw new UserError(`${file} was made for build ${key.slice(0, 12)} of llama.cpp ${tag}, but this machine makes ${build.key.slice(0, 12)}: another compiler, processor or state of the patches; run npm run sweep here`);
      const position = "1 of 1";
      const running = localExecutor(await findTargets(build, { threads, stallMinutes: stallLimit, devices: device === undefined ? [] : [device] }, io.signal)).run([job], {
        progress: (_job, step, text, fraction) => report({ kind: "cell", name: job.name, position, step, text, fraction }),
        note: (text) => report({ kind: "note", text }),
      }, io.signal);
      for await (const { failure, log } of running) {
        report({ kind: "done", name: job.name, position, outcome: failure === null ? "computed" : "failed", text: failure ?? (part && !(await isStored(whole)) ? `part ${part.index} of ${part.of} is done` : "every step has its record") });
        if (failure === null) continue;
        io.complain(`error: ${job.name} failed: ${failure}${logNote(log)}`);
        io.exit(exitCodes.cellFailed);
      }
    });
}

/** Such as `2/4`. */
function jobPart(text: string): JobPart {
  const [index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.slice(1).map(Number) ?? [];
  if (!index || !of || index > of) throw new InvalidArgumentError("Allowed: such as 2/4, the second of four parts.");
  return { index, of };
}
