import path from "node:path";
import { UserError } from "../../errors.ts";
import type { Job } from "../../jobs/job.ts";
import type { Gguf } from "../../gguf/read.ts";
import { quantizableTensors } from "../../gguf/quantizable.ts";
import { isQuantized } from "../../gguf/types.ts";
import { vocabularySize } from "../../gguf/vocabulary.ts";
import { factorsBytes, momentsBytes } from "../../steps/momentsBytes.ts";
import { confLine } from "../../study/conf.ts";
import type { Settings } from "../../steps/settings.ts";
import type { FilesRead } from "../filesRead.ts";
import { presentSteps } from "./present.ts";
import { type Todo, todosOf } from "./todo.ts";

/** A program of llama.cpp's without a model. */
const programBytes = 18e6;
/** This process with its threads. */
export const harnessBytes = 0.3e9;
/** Weights in blocks are laid out again for the processor's kernels: most of them lie in memory twice. */
const repacked = 1.7;

/**
 * Refuses a sweep of whose steps one would not find the memory that it needs. What is stored is looked up only where some step
 * of the study would not.
 *
 * @param atOnce cells side by side
 * @throws UserError naming the cell, the step, and the bytes needed and there
 */
export async function refuseWithoutMemory(jobs: readonly Job[], of: ModelInMemory & FilesRead, atOnce: number, there: number): Promise<void> {
  const { gguf, ready } = of;
  const needed = (bytes: number): number => harnessBytes + atOnce * bytes;
  const any = largest(jobs.flatMap((job) => job.steps.map((planned) => ({ planned, cell: job.name, quantizedBytes: (ready.get(job.name)?.gguf ?? gguf).fileBytes }))), of);
  if (!any || needed(any.bytes) <= there) return;
  const todos = (await todosOf(jobs, { gguf, ready, present: presentSteps(), chunksOf: () => 1 })).flatMap((cell) => cell.todos);
  const most = largest(todos, of);
  if (!most || needed(most.bytes) <= there) return;
  const wayOut = atOnce > 1 ? "give fewer --jobs" : `take a smaller batch in a copy of the study, a smaller model than ${path.basename(gguf.path)}, or a machine with more memory`;
  throw new UserError(`cell ${most.todo.cell}: ${most.todo.planned.step} needs ${Math.round(needed(most.bytes))} bytes of memory${atOnce > 1 ? ` (${atOnce} cells at a time)` : ""}, and this machine has ${there}; ${wayOut}`);
}

/** A model, and the bytes of its second moments that are held at one time at most: the rest is left for another pass over the text. */
export interface ModelInMemory {
  gguf: Gguf;
  moments: number;
}

/** What decides how much memory a step's program takes. */
type Sized = Pick<Todo, "planned" | "cell" | "quantizedBytes">;

/** The step whose program needs most memory, in bytes, files that it maps and reads again and again included. */
export function largest(todos: readonly Sized[], of: ModelInMemory): { todo: Sized; bytes: number } | null {
  return todos.reduce<{ todo: Sized; bytes: number } | null>((most, todo) => {
    const bytes = programMemory(todo, of);
    return bytes > (most?.bytes ?? 0) ? { todo, bytes } : most;
  }, null);
}

/**
 * Bytes of memory that a step's program takes at most, as resident size. Weights, keys and values of every layer, logits and
 * what a layer leaves between its matrices were held against llama.cpp b10361 on 1, 7 and 97 million weights.
 */
function programMemory({ planned: { step, config }, quantizedBytes }: Sized, { gguf, moments }: ModelInMemory): number {
  const settings = config as unknown as Settings;
  if (step === "quantize") {
    const isFed = confLine((config as { conf?: string | null }).conf ?? null, "FEEDBACK") !== undefined;
    const most = gguf.tensors.reduce((largest, { elements }) => Math.max(largest, elements), 0);
    // The program keeps the memory of its largest tensor for those that follow. It reads the model once, mapped: what was read may be given up.
    const factors = isFed ? quantizableTensors(gguf).map(({ shape: [columns = 0] }) => factorsBytes(columns, gguf)) : [];
    return programBytes + 5 * most + factors.reduce((largest, bytes) => Math.max(largest, bytes), 0);
  }
  if (step === "reference") return programBytes + gguf.fileBytes + evaluationBytes(settings, gguf, 0.5);
  if (step === "imatrix") return programBytes + gguf.fileBytes + evaluationBytes(settings, gguf, 1);
  if (step === "moments") return programBytes + gguf.fileBytes + evaluationBytes(settings, gguf, 1) + Math.min(moments, momentsBytes(gguf));
  if (settings.batch === undefined) return 0;
  const isCoded = gguf.fileBytes > quantizedBytes || gguf.tensors.some(({ type }) => isQuantized(type));
  return programBytes + (isCoded ? repacked : 1) * quantizedBytes + evaluationBytes(settings, gguf, 0.5);
}

/** @param predicted share of the tokens whose logits are kept */
function evaluationBytes({ context, batch, ubatch }: Settings, gguf: Gguf, predicted: number): number {
  const { layers, keys, width, feedForward, vocabulary } = shapeOf(gguf);
  const [tokens, together] = [Math.max(batch, context), Math.min(ubatch, Math.max(batch, context))];
  return 2 * 2 * layers * keys * tokens + 4 * predicted * tokens * vocabulary + 4 * together * (vocabulary + 2 * feedForward + 4 * width);
}

/** What of a model's shape decides how much memory it is computed in; `keys` of a token and layer. */
export function shapeOf(gguf: Gguf): Record<"width" | "layers" | "heads" | "keys" | "feedForward" | "vocabulary", number> {
  const architecture = String(gguf.metadata.get("general.architecture"));
  const said = (key: string, otherwise: number): number => Number(gguf.metadata.get(`${architecture}.${key}`) ?? otherwise) || otherwise;
  const [width, layers, heads] = [said("embedding_length", 4096), said("block_count", 32), said("attention.head_count", 32)];
  const keys = (width / heads) * said("attention.head_count_kv", heads);
  return { width, layers, heads, keys, feedForward: said("feed_forward_length", 4 * width), vocabulary: vocabularySize(gguf) ?? 0 };
}
