import { stat } from "node:fs/promises";
import { inBatches } from "../../batches.ts";
import type { Gguf } from "../../gguf/read.ts";
import { activeWeights, weightsOf } from "../../gguf/weights.ts";
import type { Job, PlannedStep } from "../../jobs/job.ts";
import { ownSteps, storesOf } from "../../jobs/ownSteps.ts";
import { isLargeKept } from "../../jobs/largeFiles.ts";
import type { Amount } from "../../jobs/work.ts";
import { chunksBySize, type FramesFiles, framesFiles } from "../../steps/framesFiles.ts";
import type { FilesRead } from "../filesRead.ts";
import type { Present } from "./present.ts";
import { expectedQuantizedBytes } from "../../steps/room.ts";
import type { StepRecord } from "../../store/record.ts";
import { growingFile, readRecord, resultsStore, stepFolder } from "../../store/store.ts";

/** A step that a sweep will run. */
export interface Todo {
  planned: PlannedStep;
  /** The cell that it is run for first. */
  cell: string;
  makers: ReadonlyMap<string, PlannedStep>;
  amount: Amount;
  /** Chunks that it evaluates, those included that were done before. */
  chunksInAll: number;
  /** Bytes that the cell's file will have, or has. */
  quantizedBytes: number;
  /** Whether the cache has the step's large file from another results folder, in whose place the new one is put. */
  isKept: boolean;
}

/** What is to be done for a cell. */
export interface CellTodo {
  job: Job;
  /** Steps of its own without a record, in their order. */
  missing: PlannedStep[];
  /** Those, and others whose files are gone, as far as no cell before it does them. */
  todos: Todo[];
}

/** What is known of what cells read. */
export interface TodoContext extends FilesRead {
  present: Present;
  /** About how many chunks a step evaluates. */
  chunksOf(planned: PlannedStep): number;
}

/** What a sweep will run, in its order. */
export async function todosOf(jobs: readonly Job[], context: TodoContext): Promise<CellTodo[]> {
  const looked = await inBatches(jobs, (job) => lookAt(job, context.present));
  const shared = { begun: new Set<string>(), sizes: new Map<string, number>(), filesOf: framesFiles() };
  const found: CellTodo[] = [];
  for (const [index, job] of jobs.entries()) {
    const { missing, records } = looked[index]!;
    found.push({ job, missing, todos: missing.length === 0 ? [] : await todosOfJob(job, { missing, records, ...shared }, context) });
  }
  return found;
}

type Records = ReadonlyMap<string, StepRecord | null>;

/** The records of a job's own steps, and those that have none. */
async function lookAt(job: Job, present: Present): Promise<{ missing: PlannedStep[]; records: Records }> {
  const own = ownSteps(job);
  const records = new Map<string, StepRecord | null>();
  for (const { step, key } of own) {
    let record: StepRecord | null = null;
    for (const store of storesOf({ step }, job.results)) if (!record && (await present(store, step, key))) record = await readRecord(store, step, key);
    records.set(key, record);
  }
  return { missing: own.filter(({ key }) => !records.get(key)), records };
}

/** What was found, and what is shared by all jobs: keys of steps that were begun, sizes of files by how they are made, and where evaluations grow. */
interface Looked {
  missing: readonly PlannedStep[];
  records: Records;
  begun: Set<string>;
  sizes: Map<string, number>;
  filesOf: FramesFiles;
}

async function todosOfJob({ name, results, steps }: Job, { missing, records, begun, sizes, filesOf }: Looked, { gguf, ready, present, chunksOf }: TodoContext): Promise<Todo[]> {
  const makers = new Map(steps.map((planned) => [planned.key, planned]));
  const quantize = steps.find(({ step }) => step === "quantize");
  const measured = ready.get(name)?.gguf ?? gguf;
  const written = quantize && records.get(quantize.key)?.files["quantized"]?.bytes;
  const quantizedBytes = written ?? (quantize ? sizeOf(quantize.config as unknown as Parameters<typeof expectedQuantizedBytes>[1], gguf, sizes) : measured.fileBytes);
  const ofModel = weightsIn(gguf);
  const ofMeasured = measured === gguf ? ofModel : weightsIn(measured);
  const todos: Todo[] = [];
  const need = async (planned: PlannedStep): Promise<void> => {
    if (begun.has(planned.key)) return;
    begun.add(planned.key);
    for (const [role, input] of Object.entries(planned.inputs)) {
      const maker = "step" in input ? makers.get(input.step) : undefined;
      if (maker && !(await isThere(maker, role, results, present))) await need(maker);
    }
    const chunksInAll = chunksOf(planned);
    const chunks = Math.max(0, chunksInAll - (await chunksGrown(planned, results, filesOf)));
    todos.push({ planned, cell: name, makers, amount: { ...(planned.inputs["model"] ? ofModel : ofMeasured), chunks }, chunksInAll, quantizedBytes, isKept: planned.step === "quantize" && (await isLargeKept(planned.key, "quantized")) });
  };
  for (const planned of missing) await need(planned);
  return todos;
}

function weightsIn(file: Gguf): Pick<Amount, "weights" | "active"> {
  return { weights: weightsOf(file.tensors), active: activeWeights(file) };
}

function sizeOf(asked: Parameters<typeof expectedQuantizedBytes>[1], gguf: Gguf, sizes: Map<string, number>): number {
  const name = JSON.stringify([asked.type, asked.pure, asked.types ?? null]);
  const bytes = sizes.get(name) ?? expectedQuantizedBytes(gguf, asked);
  sizes.set(name, bytes);
  return bytes;
}

/** Whether a file that a step gave is there to be read. */
async function isThere({ step, key }: PlannedStep, role: string, results: string, present: Present): Promise<boolean> {
  for (const store of storesOf({ step }, results)) {
    if (!(await present(store, step, key)) || !(await readRecord(store, step, key))) continue;
    if (await stat(`${stepFolder(store, step, key)}/${role}`).then(() => true, () => false)) return true;
    if (await isLargeKept(key, role)) return true;
  }
  return false;
}

/** Chunks of an evaluation that were done before; those of the file that grows, and of parts beside it. */
async function chunksGrown({ step, growing, config }: PlannedStep, results: string, filesOf: FramesFiles): Promise<number> {
  if (step !== "evaluate" || growing === null) return 0;
  return chunksBySize(await filesOf(growingFile(resultsStore(results), step, growing)), config as { context: number; compared: boolean });
}
