import path from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../errors.ts";
import { answerProbe } from "../executors/slurm/probe.ts";
import { readSubmission } from "../executors/slurm/submission.ts";
import { runTask, taskNamed } from "../executors/slurm/task.ts";
import type { Job, JobPart } from "../jobs/job.ts";
import { readJob } from "../jobs/jobFile.ts";
import { logNote } from "../process/reason.ts";
import { answerPreparation } from "../sweep/answerPreparation.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { runHere } from "./jobRun.ts";
import { plainProgress } from "./plainProgress.ts";
import { stallOption } from "./stallOption.ts";

/** What the options give. */
interface JobOptions {
  stallLimit: number;
  part?: JobPart;
  alone?: boolean;
  task?: string;
  probe?: boolean;
  prepare?: boolean;
}

/** Adds `job`: run one cell of a sweep on any machine that sees its folders. */
export function addJobCommand(program: Command, io: CommandIo): void {
  program
    .command("job")
    .description("run the steps of one cell that have no record yet, as a sweep wrote them down")
    .argument("<file>", "a file of store/jobs in a results folder")
    .addOption(new Option("--part <i/n>", "of the evaluation only the i-th of n parts, which may run side by side on several machines; the last to end does the rest of the cell").argParser(jobPart))
    .option("--alone", "with --part: quantize for this part alone, without waiting for another's file (without it so only where that file is too large to be kept)")
    .addOption(stallOption())
    // What jobs on a cluster are started with: the file is a submission then, or what a node is to make ready.
    .addOption(new Option("--task <array:index>").hideHelp())
    .addOption(new Option("--probe").hideHelp())
    .addOption(new Option("--prepare").hideHelp())
    .action(async (file: string, { stallLimit, part, alone, task, probe, prepare }: JobOptions) => {
      if (probe) return tellFailure(await answerProbe(await readSubmission(file), io.signal), "sees what jobs need", io);
      if (prepare) return tellFailure(await answerPreparation(path.resolve(file), plainProgress(io.print), io.signal), "has made ready what cells need", io);
      if (alone && !part) throw new UserError("--alone is for a part of a job: give --part I/N with it");
      const asked = async (): Promise<Job> => {
        const whole = await readJob(path.resolve(file));
        return part ? { ...whole, part: { ...part, ...(alone && { alone }) } } : whole;
      };
      const ended = task === undefined
        ? await runHere(await asked(), file, stallLimit, io)
        : await runTask(await taskNamed(file, task), (job) => runHere(job, job.name, stallLimit, io), io);
      if (ended.failure === null) return;
      io.complain(`error: ${ended.job.name} failed: ${ended.failure}${logNote(ended.log)}`);
      io.exit(exitCodes.cellFailed);
    });
}

function tellFailure({ host, failure }: { host: string; failure: string | null }, good: string, io: CommandIo): void {
  io.print(failure === null ? `${host} ${good}` : `error: ${failure}`);
  if (failure !== null) io.exit(exitCodes.failed);
}

/** Such as `2/4`. */
function jobPart(text: string): JobPart {
  const [index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.slice(1).map(Number) ?? [];
  if (!index || !of || index > of) throw new InvalidArgumentError("Allowed: such as 2/4, the second of four parts.");
  return { index, of };
}
