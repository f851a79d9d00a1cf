import { rm } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { DiskFull, fileError } from "../fileError.ts";
import { withClaim, withFreeClaim } from "../process/claim.ts";
import type { Owner } from "../process/owner.ts";
import { reasonOf } from "../process/reason.ts";
import { chunksPerBatch } from "../steps/growingFrames.ts";
import { isBegun, partFile } from "../steps/partFrames.ts";
import type { Settings } from "../steps/settings.ts";
import type { Part, Target } from "../steps/step.ts";
import { growingFile, keptFile, move, resultsStore, type Store, stepFolder, writeFailure, writeRecord } from "../store/store.ts";
import type { StepRecord } from "../store/record.ts";
import { claimName, claimsFolder } from "./claims.ts";
import type { Job, PlannedStep } from "./job.ts";
import { recordOf, storesOf } from "./ownSteps.ts";
import { fullDiskOr } from "./fullDisk.ts";
import { keepPartRate, keepStepRate } from "./keepStepRate.ts";
import { giveUpLarge, keepLarge, largeFile, markShared, trimShared } from "./largeFiles.ts";
import { executePart, executeStep, type Executed, type Place } from "./execute.ts";
import { gatherParts } from "./gatherParts.ts";
import { stepNamed } from "./stepNamed.ts";

/** What a runner tells, and what stops it. */
export interface Watch {
  signal: AbortSignal;
  /** A step's progress: its name, words, and the fraction done where it is known. */
  report(step: string, text: string, fraction?: number): void;
  note(text: string): void;
}

/** Makes the records of a job's steps, and the files that lie between them, when they are asked for. */
export interface Runner {
  /** The record of the step with that key: the stored one, or a new one. */
  record(key: string): Promise<StepRecord>;
  /** Path of a file that the step gives by a role, made again when it is gone. */
  file(key: string, role: string): Promise<string>;
  /** Does a part of the step with that key, whose work can be divided. */
  part(key: string, part: Part): Promise<void>;
  /** Whether somebody was at the part that begins at a chunk, and nobody is: frames of it are there, or about to be seen. */
  wasAtPart(key: string, first: number): Promise<boolean>;
}

/**
 * @param job what is to be done
 * @param on what it runs on; its keys must follow from that
 * @param folder where large files may lie while the job runs
 * @param alone keys of steps that are run without waiting for others who are at them
 */
export function makeRunner(job: Pick<Job, "results" | "steps">, on: Target, folder: string, watch: Watch, alone: ReadonlySet<string> = new Set()): Runner {
  const byKey = new Map(job.steps.map((planned) => [planned.key, planned]));
  const records = new Map<string, Promise<StepRecord>>();
  const made = new Map<string, Executed>();
  let runs = 0;

  const planned = (key: string): PlannedStep => {
    const step = byKey.get(key);
    if (!step) throw new RangeError(`the job has no step ${key}`);
    return step;
  };
  const storeOf = (step: PlannedStep): Store => storesOf(step, job.results)[0];
  const folderOf = (step: PlannedStep): string => stepFolder(storeOf(step), step.step, step.key);
  const growingOf = (step: PlannedStep): string => growingFile(resultsStore(job.results), step.step, step.growing ?? "");
  const read = (step: PlannedStep): Promise<StepRecord | null> => recordOf(step, job.results);

  const record = (key: string): Promise<StepRecord> => {
    const known = records.get(key);
    if (known) return known;
    const running = find(planned(key));
    records.set(key, running);
    running.catch(() => records.delete(key));
    return running;
  };

  /** @param lost role of a file that the step has to make again, unless somebody has done so meanwhile */
  async function find(step: PlannedStep, lost?: string): Promise<StepRecord> {
    const stored = async (): Promise<StepRecord | null> => {
      const found = await read(step);
      return found && (lost === undefined || (await existing(step, lost, found))) ? found : null;
    };
    const found = await stored();
    if (found) return found;
    if (alone.has(step.key)) return run(step, await read(step), watch.signal);
    let began = false;
    return claimed(step, claimName(step), async (held) => {
      began = true;
      return (await stored()) ?? run(step, await read(step), held);
    }).catch(async (error: unknown) => {
      // A claim that cannot be taken is a reason like any other. Afterwards others may be at it.
      if (!began && lost === undefined && !watch.signal.aborted && !(fileError(error) instanceof DiskFull) && !(await read(step).catch(() => null))) await writeFailure(storeOf(step), step.step, step.key, reasonOf(fileError(error)), {}).catch(() => undefined);
      throw error;
    });
  }

  const claimsOf = (step: PlannedStep): string => claimsFolder(storeOf(step));

  async function claimed<T>(step: PlannedStep, name: string, work: (held: AbortSignal) => Promise<T>, signal = watch.signal): Promise<T> {
    const onWait = (owner: Owner | null): void => watch.note(`waiting: ${owner ? `process ${owner.process} of ${owner.host}` : "another process"} is at ${step.step} of ${step.key.slice(0, 12)}`);
    return withClaim(path.join(claimsOf(step), name), work, { signal, onWait });
  }

  /** Works on a step in a folder of its own. Where a disk is full, what can be given up is, and it is tried once more; a failure is kept. */
  async function attempt<T>(step: PlannedStep, { signal, isNew }: { signal: AbortSignal; isNew: boolean }, work: (place: Place) => Promise<T>, again = false): Promise<T> {
    const { step: name, key } = step;
    const scratch = path.join(folder, `${name}-${++runs}`);
    const growing = growingOf(step);
    const logs: Record<string, string> = {};
    try {
      return await work({ folder: scratch, makers: byKey, growing, logs, signal, report: (text, fraction) => watch.report(name, text, fraction), note: watch.note });
    } catch (thrown) {
      const stopped = signal.aborted || (thrown as Error).name === "AbortError";
      const error = stopped ? thrown : fullDiskOr(thrown, [scratch, folderOf(step)]);
      if (error instanceof DiskFull) {
        made.delete(key);
        await rm(scratch, { recursive: true, force: true });
        if (!again && (await giveUpLarge(folderOf(step), folder))) return await attempt(step, { signal, isNew }, work, true);
      } else if (!stopped && isNew) {
        await writeFailure(storeOf(step), name, key, reasonOf(error), logs).catch(() => undefined);
        const [log] = Object.keys(logs);
        if (log !== undefined && error instanceof UserError) error.log = path.join(folderOf(step), log);
      }
      throw error;
    }
  }

  async function run(step: PlannedStep, before: StepRecord | null, signal: AbortSignal): Promise<StepRecord> {
    const { step: name, key } = step;
    return attempt(step, { signal, isNew: before === null }, async (place) => {
      if (stepNamed(name).part) await gather(step, place);
      const executed = await executeStep(step, (role) => inputOf(step, role), on, place);
      // Neither this job's other steps nor other jobs may get what is not what the record says.
      if (before) refuseOthers(before, executed.record);
      made.set(key, executed);
      // What it took is for plans alone.
      if (executed.read) await keepStepRate(step, byKey, executed, executed.read, on).catch(() => undefined);
      // Before the record is seen by others, who may need them for another step at once.
      for (const [role, file] of Object.entries(executed.large)) await keepLarge(key, role, file).catch((error: Error) => watch.note(`${role} is not kept for later: ${error.message}`));
      if (before) return madeAgain(step, before, executed);
      const keep = async (): Promise<StepRecord> => {
        await writeRecord(storeOf(step), executed.record, { ...executed.kept, ...place.logs });
        if (stepNamed(name).shared) await trimShared(name);
        return executed.record;
      };
      if (!alone.has(key)) return keep();
      return claimed(step, key, async () => {
        const other = await read(step);
        if (other) refuseOthers(other, executed.record);
        return other ?? keep();
      });
    });
  }

  async function part(key: string, range: Part, signal = watch.signal): Promise<void> {
    const step = planned(key);
    await claimed(step, partFile(claimName(step), range.first).file, async (held) => {
      // A failure would take the place of a record that others have made meanwhile.
      if (await read(step)) return;
      await attempt(step, { signal: held, isNew: true }, async (place) => {
        const executed = await executePart(step, range, (role) => inputOf(step, role), on, place);
        await keepPartRate(step, byKey, executed, on).catch(() => undefined);
      });
    }, signal);
  }

  async function wasAtPart(key: string, first: number): Promise<boolean> {
    const step = planned(key);
    const claim = path.join(claimsOf(step), partFile(claimName(step), first).file);
    return (await withFreeClaim(claim, async () => isBegun(partFile(growingOf(step), first)), watch.signal)) ?? false;
  }

  async function gather(step: PlannedStep, { growing, signal }: Place): Promise<void> {
    await gatherParts(growing, {
      claims: claimsOf(step),
      perBatch: chunksPerBatch(step.config as unknown as Settings),
      claimed: (first, work) => claimed(step, partFile(claimName(step), first).file, work, signal),
      isComplete: async () => (await stepNamed(step.step).grown!(step.config, growing, (role) => inputOf(step, role))) !== null,
      evaluate: (range) => part(step.key, range, signal),
    });
  }

  async function madeAgain(step: PlannedStep, before: StepRecord, { kept }: Executed): Promise<StepRecord> {
    for (const [role, source] of Object.entries(kept)) await move(source, path.join(folderOf(step), role));
    return before;
  }

  async function inputOf({ inputs }: PlannedStep, role: string): Promise<string> {
    const input = inputs[role]!;
    return "file" in input ? input.file : file(input.step, role);
  }

  async function existing(step: PlannedStep, role: string, found: StepRecord): Promise<string | null> {
    const large = made.get(step.key)?.large[role];
    if (large !== undefined) return large;
    for (const store of storesOf(step, job.results)) {
      const kept = await keptFile(stepFolder(store, step.step, step.key), role, found);
      if (kept === null) continue;
      if (stepNamed(step.step).shared) await markShared(step.step, step.key);
      return kept;
    }
    return largeFile(found, role, folder);
  }

  async function file(key: string, role: string): Promise<string> {
    const step = planned(key);
    const there = await existing(step, role, await record(key));
    if (there) return there;
    const again = await existing(step, role, await find(step, role));
    if (!again) throw new UserError(`${step.step} of ${key} gave no ${role}`);
    return again;
  }

  return { record, file, part, wasAtPart };
}

function refuseOthers(before: StepRecord, after: StepRecord): void {
  for (const [role, { sha256 }] of Object.entries(after.files)) {
    if (before.files[role]?.sha256 !== sha256) throw new UserError(`${after.inputs.step} made another ${role} from the same inputs than before (${sha256} for ${before.files[role]?.sha256}): the machine or a program is at fault; remove the results and run again`);
  }
}
