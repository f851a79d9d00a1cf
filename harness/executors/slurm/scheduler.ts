import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../../errors.ts";
import { ProcessError } from "../../process/processError.ts";
import { run } from "../../process/run.ts";
import { which } from "../../process/which.ts";
import { isTransient, pauseSeconds } from "./transient.ts";

/** A task as the scheduler lists it. */
export interface QueuedTask {
  /** Of the array, which is what jobs are submitted as. */
  name: string;
  /** Number of the array's job. */
  id: string;
  /** The task's number in the array; null of a job that is none. */
  index: number | null;
  /** Slurm's word, such as PENDING, RUNNING. */
  state: string;
  reason: string;
  node: string;
  /** When it began, as Slurm writes it. */
  start: string;
}

/** What is asked of Slurm. */
export interface Scheduler {
  /** Submits a script; tries again for as long as the controller cannot be reached. @returns the job's number. @throws UserError what it refuses */
  submit(name: string, script: string, options: readonly string[]): Promise<string>;
  /** Tasks of these names that wait or run. @throws ProcessError when the controller does not answer */
  queue(names: readonly string[]): Promise<QueuedTask[]>;
  /** The same, asked until it answers. */
  queueSurely(names: readonly string[]): Promise<QueuedTask[]>;
  /** Ends jobs. */
  cancel(ids: readonly string[]): Promise<void>;
  /** What `scontrol show` prints of something. */
  show(...what: string[]): Promise<string>;
}

/** What a scheduler tells, and what stops it. */
export interface SchedulerWatch {
  note(text: string): void;
  signal: AbortSignal;
}

/** Seconds that a command of Slurm's may take. */
const patience = 100;
const separator = "|";
const format = ["%j", "%F", "%K", "%T", "%N", "%S", "%r"].join(separator);

/** The Slurm that this machine's commands speak to. @throws UserError when there are none */
export function slurmScheduler(watch: SchedulerWatch): Scheduler {
  for (const program of ["sbatch", "squeue", "scancel", "scontrol"]) {
    if (!which(program)) throw new UserError(`${program} was not found on the PATH: --executor slurm is for a machine that submits to a Slurm cluster; run it there, or without --executor`);
  }
  const call = async (program: string, argv: readonly string[]): Promise<string> => (await run(program, [...argv], { signal: watch.signal, timeoutSeconds: patience, stallSeconds: 0 })).stdout;
  const queue = async (names: readonly string[]): Promise<QueuedTask[]> => {
    const lines = await call("squeue", ["--noheader", "--array", `--name=${names.join(",")}`, `--format=${format}`]);
    const texts = new Map<string, string>();
    return lines.split("\n").filter(Boolean).map((line) => parseTask(line, texts));
  };
  return {
    queue,
    queueSurely: (names) => untilAnswered("squeue", watch, () => queue(names)),
    async submit(name, script, options) {
      const argv = ["--parsable", `--job-name=${name}`, ...options, script];
      return untilAnswered("sbatch", watch, async (tries) => {
        // One that was not answered may have been taken all the same.
        const [taken] = tries === 0 ? [] : await queue([name]);
        return taken?.id ?? (await call("sbatch", argv)).trim().split("\n").at(-1)!.split(";")[0]!;
      });
    },
    async cancel(ids) {
      if (ids.length > 0) await untilAnswered("scancel", watch, () => call("scancel", ids));
    },
    show: (...what) => untilAnswered("scontrol", watch, () => call("scontrol", ["--oneliner", "show", ...what])),
  };
}

/** @param texts that other lines had: tens of thousands differ in few of them, which are held once */
function parseTask(line: string, texts: Map<string, string>): QueuedTask {
  const one = (text: string): string => {
    const first = texts.get(text) ?? text;
    texts.set(text, first);
    return first;
  };
  const [name = "", id = "", index = "", state = "", node = "", start = "", ...reason] = line.split(separator);
  return { name: one(name), id: one(id), index: /^\d+$/.test(index) ? Number(index) : null, state: one(state), node: one(node), start: one(start), reason: one(reason.join(separator)) };
}

async function untilAnswered<T>(program: string, { note, signal }: SchedulerWatch, ask: (tries: number) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask(tries);
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      if (!isTransient(`${error.reason}\n${error.output}`)) throw new UserError(`Slurm refuses what ${program} was asked for: ${saidBy(error)}${/gres|generic resource/i.test(error.output) ? "; give --gres as the cluster names it, or --gres none" : ""}`);
      if (tries === 0) note(`Slurm's controller does not answer (${saidBy(error)}); asking again with growing pauses`);
      await wait(1000 * pauseSeconds(tries), undefined, { signal });
    }
  }
}

/** What a command said, in one line without its own name. */
export function saidBy({ output, reason }: ProcessError): string {
  const lines = output.slice(output.lastIndexOf("--- stderr ---")).split("\n").slice(1).map((line) => line.trim()).filter(Boolean);
  const errors = lines.filter((line) => /error|fatal/i.test(line));
  const said = (errors.length > 0 ? errors : lines).slice(-2).map((line) => line.replace(/^\w+: (?:(?:error|fatal): )?/, ""));
  return said.length > 0 ? said.join("; ") : reason;
}
