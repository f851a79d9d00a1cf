import { stat } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { readGguf } from "../gguf/read.ts";
import { chunksPerBatch } from "../steps/growingFrames.ts";
import { coveredChunks, isPartDone } from "../steps/partFrames.ts";
import { referenceHead } from "../steps/referenceFile.ts";
import { expectedQuantizedBytes } from "../steps/room.ts";
import type { Settings } from "../steps/settings.ts";
import { estimatedChunks } from "../steps/tokens.ts";
import { growingFile, readRecord, resultsStore } from "../store/store.ts";
import type { Job, JobPart, PlannedStep } from "./job.ts";
import { mostKept } from "./largeFiles.ts";
import { haveOthersEnded, untilSeen } from "./otherParts.ts";
import { rangesOf } from "./parts.ts";
import { referenceChunks } from "./referenceChunks.ts";
import type { Runner, Watch } from "./runner.ts";
import { stepNamed } from "./stepNamed.ts";

/** A job of which a part is done. */
type PartOfJob = Job & { part: JobPart };

/** Whether a part of a job is to be done, not the whole. */
export function isPart(job: Job): job is PartOfJob {
  return job.part !== undefined;
}

/**
 * Do a job's part of the evaluation.
 *
 * @returns whether all parts are done now, so that the rest of the job can be
 * @throws UserError when it evaluates no text
 */
export async function runPart(job: PartOfJob, runner: Runner, { note, signal }: Pick<Watch, "note" | "signal">): Promise<boolean> {
  const { index, of } = job.part;
  const evaluation = evaluationOf(job);
  if (await readRecord(resultsStore(job.results), evaluation.step, evaluation.key)) return true;
  const { compared, chunks, ...settings } = evaluation.config as unknown as Settings & { compared: boolean };
  const ranges = rangesOf(await chunksOfJob(job), chunksPerBatch(settings), of);
  const range = ranges[index - 1];
  if (range) await runner.part(evaluation.key, range);
  else note(`part ${index} of ${of} has nothing to do: the text has fewer batches of chunks`);
  const { reference } = evaluation.inputs;
  const wanted = compared && reference && "step" in reference ? (await referenceHead(await runner.file(reference.step, "reference"))).chunks : chunks;
  const areAllDone = async (): Promise<boolean> => (await coveredChunks(growingOf(job), wanted, chunksPerBatch(settings))).isComplete;
  if (await areAllDone()) return true;
  const stored = new Set(await storedParts(job, ranges.map((_, place) => place + 1), of));
  const missing = ranges.filter((_, place) => !stored.has(place + 1));
  if ((await haveOthersEnded(missing, ({ first }) => runner.wasAtPart(evaluation.key, first))) && (await untilSeen(areAllDone, { note, signal }))) return true;
  note(`part ${index} of ${of} is done; others are to come, or to be run again`);
  return false;
}

/** Whether what a job's part is about has been evaluated, as far as that can be told without the text. */
export async function isPartStored(job: PartOfJob): Promise<boolean> {
  return (await storedParts(job, [job.part.index], job.part.of)).length > 0;
}

/** Those of some parts, by their numbers, that have been evaluated, or that there are no chunks for. @param of into how many the evaluation is divided */
export async function storedParts(job: Job, numbers: readonly number[], of: number): Promise<number[]> {
  const { step, key, config, inputs } = evaluationOf(job);
  if (await readRecord(resultsStore(job.results), step, key)) return [...numbers];
  const about = await chunksOfJob(job);
  const perBatch = chunksPerBatch(config as unknown as Settings);
  const ranges = rangesOf(about, perBatch, of);
  const { reference } = inputs;
  const wanted = reference && "step" in reference ? ((await referenceChunks(job.results, reference.step)) ?? about) : (config as unknown as Settings).chunks;
  const stored: number[] = [];
  for (const number of numbers) {
    const range = ranges[number - 1];
    if (!range || (await isPartDone(growingOf(job), range, wanted, perBatch))) stored.push(number);
  }
  return stored;
}

/** Keys of the steps that a part does for itself, waiting for nobody. */
export async function stepsAlone({ steps, part }: PartOfJob): Promise<Set<string>> {
  const quantize = steps.find(({ step }) => step === "quantize");
  const model = quantize?.inputs["model"];
  if (!quantize || !model || !("file" in model)) return new Set();
  const isAlone = part.alone ?? expectedQuantizedBytes(await readGguf(model.file), quantize.config as unknown as Parameters<typeof expectedQuantizedBytes>[1]) > mostKept;
  return new Set(isAlone ? [quantize.key] : []);
}

function evaluationOf({ name, steps }: Job): PlannedStep {
  const found = steps.find(({ step }) => stepNamed(step).part);
  if (!found) throw new UserError(`${name} evaluates no text, so that there is nothing to divide; run it without --part`);
  return found;
}

/** The file that frames of a job's whole evaluation grow in, beside which those of its parts do. @throws UserError when it evaluates no text */
export function growingOf(job: Job): string {
  const { step, growing } = evaluationOf(job);
  return growingFile(resultsStore(job.results), step, growing!);
}

/** About how many chunks a job evaluates. All processes find the same, from the model's vocabulary and the text. */
async function chunksOfJob(job: Job): Promise<number> {
  const { config } = evaluationOf(job);
  const inputs = job.steps.flatMap((step) => Object.entries(step.inputs));
  const given = (role: string): string | undefined => inputs.flatMap(([name, input]) => (name === role && "file" in input ? [input.file] : []))[0];
  const [text, model] = [given("text"), given("model") ?? given("quantized")];
  if (text === undefined || model === undefined) throw new UserError(`the job of ${job.name} names no text or no model; run npm run sweep again`);
  return estimatedChunks(config, { path: text, bytes: (await stat(text)).size }, await readGguf(model));
}
