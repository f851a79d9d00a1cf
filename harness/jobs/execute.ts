import { mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { diskFull, freeBytes } from "../fileError.ts";
import { hashFile } from "../hash.ts";
import { loggedOutput } from "../process/processError.ts";
import { run, type RunOptions } from "../process/run.ts";
import { ComputedElsewhere } from "../steps/computedElsewhere.ts";
import { childEnvironment } from "../steps/environment.ts";
import { framesFiles } from "../steps/framesFiles.ts";
import type { AnyStep, Part, Paths, Target, Tools } from "../steps/step.ts";
import type { KeyInputs, StepRecord } from "../store/record.ts";
import { GivenFileChanged, onGivenFiles } from "./givenFiles.ts";
import type { PlannedStep } from "./job.ts";
import { deviceFaultOr, watchLayers } from "./onDevice.ts";
import { determinedAsPlanned } from "./plannedFor.ts";
import { stepNamed } from "./stepNamed.ts";
import { writeOwn } from "../writeAtomic.ts";

/** A step that was run. */
export interface Executed {
  record: StepRecord;
  /** Files to keep beside the record, by role. */
  kept: Record<string, string>;
  /** Large files, which can be made again, by role. */
  large: Record<string, string>;
  /** Where the files lay that it read; null of a step that found all that it asks for, or went on behind what was there. */
  read: Paths | null;
}

/** A part of a step that was done. */
export interface PartExecuted {
  /** How many were evaluated. */
  chunks: number;
  seconds: number;
  read: Paths;
}

/** Where a step runs, and what it tells. */
export interface Place extends Pick<Tools, "growing" | "signal" | "report" | "note"> {
  /** Made for it. */
  folder: string;
  /** The job's steps by key. */
  makers: ReadonlyMap<string, PlannedStep>;
  /** Gets the path of each log that was written, by the name that it is kept by. */
  logs: Record<string, string>;
}

/** Gives the path of the file that comes in by a role. */
export type Input = (role: string) => Promise<string>;

async function allInputs({ inputs }: PlannedStep, input: Input): Promise<Paths> {
  const at: Record<string, string> = {};
  for (const role of Object.keys(inputs)) at[role] = await input(role);
  return at;
}

/** Roles whose files are too large to be kept with results. */
const largeRoles: readonly string[] = ["quantized"];

/**
 * Run a step, whatever the store has.
 *
 * @param input gives the file that it reads by a role; not asked for all if all that it shall find has been found before
 * @throws UserError when its key does not follow from the target: the job was made for another build or machine
 * @throws whatever the step throws
 */
export async function executeStep(planned: PlannedStep, input: Input, on: Target, place: Place): Promise<Executed> {
  const { step, determined, tools, command } = await prepare(planned, on, place);
  let start = performance.now();
  let read: Paths | null = null;
  const compute = (): Promise<unknown> => onUnchanged(planned, place, async () => {
    const at = await allInputs(planned, input);
    if (!step.grows || step.shared || !(await isFile(place.growing))) read = at;
    start = performance.now();
    return step.run(planned.config, at, on, tools) as Promise<unknown>;
  });
  const result = step.result.parse((await step.grown?.(planned.config, place.growing, input)) ?? (await compute())) as Record<string, unknown>;
  const files = await describeFiles(planned, step.gives(planned.config), place.folder);
  const paths = (kept: boolean): Record<string, string> =>
    Object.fromEntries(Object.entries(files).filter(([, file]) => file.kept === kept).map(([role]) => [role, path.join(place.folder, role)]));
  const seconds = (performance.now() - start) / 1000;
  return { record: { key: planned.key, inputs: determined, result, argv: command(), seconds, date: new Date().toISOString(), files }, kept: paths(true), large: paths(false), read };
}

/**
 * Do a part of a step whose work can be divided; what it found lies beside the step's file that grows.
 *
 * @returns how many chunks were evaluated, and the seconds that took
 * @throws as {@link executeStep}
 */
export async function executePart(planned: PlannedStep, part: Part, input: Input, on: Target, place: Place): Promise<PartExecuted> {
  const { step, tools } = await prepare(planned, on, place);
  return onUnchanged(planned, place, async () => {
    const read = await allInputs(planned, input);
    const start = performance.now();
    const chunks = await step.part!(planned.config, part, read, on, tools);
    return { chunks, seconds: (performance.now() - start) / 1000, read };
  });
}

interface Prepared {
  step: AnyStep;
  determined: KeyInputs;
  tools: Tools;
  /** The last command line that was run. */
  command(): string[];
}

async function prepare(planned: PlannedStep, on: Target, { logs, ...place }: Place): Promise<Prepared> {
  const step = stepNamed(planned.step);
  const determined = determinedAsPlanned(planned, place.makers, on);
  if (!determined) throw new UserError(`step ${planned.step} was planned for another build, processor or version of quantflex, or another device, than there is here; run npm run sweep again`);
  await mkdir(place.folder, { recursive: true });
  let command: string[] = [];
  const tools: Tools = {
    ...place,
    reserve(bytes) {
      const free = freeBytes(place.folder);
      if (free !== null && free < bytes) throw diskFull(place.folder, bytes, free);
    },
    async run([program = "", ...argumentList], { conf = null, onText, ...options } = {}) {
      command = [program, ...argumentList];
      const log = path.join(place.folder, `${program}.log`);
      logs[`${program}.log`] = log;
      const device = step.computes ? on.device : undefined;
      const layers = device && watchLayers(device, program);
      const heard: RunOptions["onText"] = (text, stream) => {
        layers?.onText(text, stream);
        onText?.(text, stream);
      };
      try {
        const result = await run(on.build.binary(program), argumentList, { cwd: place.folder, env: { ...childEnvironment(conf), ...device?.environment }, signal: place.signal, stallSeconds: on.stallSeconds, onText: heard, ...options });
        await writeOwn(log, loggedOutput(result));
        layers?.ended();
        return result;
      } catch (error) {
        if (!(error instanceof ComputedElsewhere)) await writeOwn(log, String((error as { output?: string }).output ?? (error as Error).message));
        throw device ? deviceFaultOr(error, device) : error;
      }
    },
  };
  return { step, determined, tools, command: () => command };
}

/** Does work on files that were given; what has grown goes if it may have grown from another file. */
async function onUnchanged<T>(planned: PlannedStep, { growing, signal }: Place, work: () => Promise<T>): Promise<T> {
  return onGivenFiles(planned, signal, work).catch(async (error: unknown) => {
    if (error instanceof GivenFileChanged) for (const file of await framesFiles()(growing)) await rm(file, { force: true });
    throw error;
  });
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}

async function describeFiles({ step }: PlannedStep, roles: readonly string[], folder: string): Promise<StepRecord["files"]> {
  const files: StepRecord["files"] = {};
  for (const role of roles) {
    const file = path.join(folder, role);
    const bytes = await stat(file).then(({ size }) => size, () => null);
    if (bytes === null) throw new UserError(missing(step, role));
    files[role] = { bytes, sha256: await hashFile(file), kept: !largeRoles.includes(role) };
  }
  return files;
}

function missing(step: string, role: string): string {
  if (role === "histogram") return "llama-quantize wrote no histogram: it is not a patched one, or it ignored pablo.conf";
  return `${step} made no ${role} file, although its program ended well`;
}
