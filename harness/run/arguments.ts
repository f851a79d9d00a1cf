import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf } from "../gguf/read.ts";
import { tensorTypeNamed, tensorTypes } from "../gguf/types.ts";
import { type Cell, floatTypes, type Study } from "../study/types.ts";
import type { Lack } from "../upstream/releases.ts";

/** Names that stand for paths in a cell's key: the paths themselves do not change a result. */
export const roles = {
  model: "{model}",
  text: "{text}",
  quantized: "{quantized}",
  imatrix: "{imatrix}",
  imatrixText: "{imatrix text}",
  logits: "{logits}",
} as const;

/** Options of a study that every step needs, all decided. */
export interface Settings extends Pick<Study, "context" | "batch" | "ubatch"> {
  threads: number;
  /** At most this many chunks; null for the whole text. */
  chunks: number | null;
}

/** A tensor that cannot have the cell's type, and why. */
export interface Misfit {
  name: string;
  reason: string;
}

/** The tensor type that a file type gives with `--pure`; undefined where upstream chooses among several. */
export function tensorTypeOf(type: string): string | undefined {
  const names = new Set([...tensorTypes.values()].map(({ name }) => name));
  if (/^IQ[123]/.test(type)) return undefined;
  return [type, type.replace(/_[SML]$/, ""), type.replace(/_MOE$/, "")].find((name) => names.has(name));
}

/**
 * Tensors of a model whose rows do not fill blocks of 32 weights (or of the type, where its blocks
 * are larger and upstream knows no smaller one): the release refuses them, so they stay F16.
 */
export function misfits(gguf: Gguf, type: string): Misfit[] {
  if (floatTypes.includes(type)) return [];
  const name = tensorTypeOf(type);
  const elements = name ? tensorTypeNamed(name).blockElements : 32;
  // Upstream falls back by itself from blocks of 256 (and Q2_0's 64) to blocks of 32.
  const block = elements === 256 || name === "Q2_0" ? 32 : elements;
  return quantizableTensors(gguf).flatMap(({ name: tensor, shape }) => {
    const row = shape[0] ?? 0;
    return row % block === 0 ? [] : [{ name: tensor, reason: `F16: rows of ${row} weights are no multiple of ${block}` }];
  });
}

/** Whether the model is of the cell's type as it stands, so that there is nothing to quantize. */
export function hasType(gguf: Gguf, type: string): boolean {
  return floatTypes.includes(type) && quantizableTensors(gguf).every((tensor) => tensor.type === type);
}

/**
 * Pattern that matches one tensor's name in llama-quantize's `--tensor-type`, which makes patterns
 * lower-case and ends them at the first equals sign: unusual characters become "any character".
 */
export function tensorPattern(name: string): string {
  return `^${name.replace(/[^a-z0-9_.-]/g, "?").replace(/\./g, "\\.").replace(/\?/g, ".")}$`;
}

/**
 * Arguments of llama-quantize.
 *
 * @param paths the files, or `roles` for the cell's key
 */
export function quantizeArguments(
  { type, pure }: { type: string; pure: boolean },
  { threads }: Pick<Settings, "threads">,
  misfitting: readonly Misfit[],
  paths: { model: string; quantized: string; imatrix?: string | undefined },
): string[] {
  return [
    ...(paths.imatrix === undefined ? [] : ["--imatrix", paths.imatrix]),
    ...(pure && !floatTypes.includes(type) ? ["--pure"] : []),
    ...misfitting.flatMap(({ name }) => ["--tensor-type", `${tensorPattern(name)}=f16`]),
    paths.model,
    paths.quantized,
    type,
    String(threads),
  ];
}

/**
 * Arguments of llama-perplexity. Everything that its defaults or the machine could change is given.
 *
 * @param paths the files, or `roles` for the cell's key
 * @param lacks what the release cannot do: before `-ub`, `-b` was the physical batch
 */
export function perplexityArguments(settings: Settings, paths: { model: string; text: string }, lacks: readonly Lack[] = []): string[] {
  return ["-m", paths.model, "-f", paths.text, ...batchArguments(settings, lacks), "--chunks", String(settings.chunks ?? -1), ...deviceArguments(lacks)];
}

function batchArguments({ context, batch, ubatch, threads }: Settings, lacks: readonly Lack[]): string[] {
  const batches = lacks.includes("--ubatch-size") ? { "-b": Math.min(batch, ubatch) } : { "-b": batch, "-ub": ubatch };
  const numbers = { "-c": context, ...batches, "-t": threads, "-tb": threads };
  return Object.entries(numbers).flatMap(([name, value]) => [name, String(value)]);
}

/** Arguments that keep a program on the processor, where the release can have it elsewhere. */
export function deviceArguments(lacks: readonly Lack[] = []): string[] {
  return lacks.includes("--device") ? [] : ["--device", "none"];
}

/** Arguments of llama-perplexity that make it write the model's predictions over a text. */
export function logitsArguments(settings: Settings, { logits, ...paths }: { model: string; text: string; logits: string }, lacks: readonly Lack[] = []): string[] {
  return [...perplexityArguments(settings, paths, lacks), "--kl-divergence-base", logits];
}

/** Arguments of llama-perplexity that compare a model's predictions with those; the text is in their file. */
export function divergenceArguments(settings: Settings, paths: { model: string; logits: string }, lacks: readonly Lack[] = []): string[] {
  return ["-m", paths.model, "--kl-divergence", "--kl-divergence-base", paths.logits, ...batchArguments(settings, lacks), ...deviceArguments(lacks)];
}

/**
 * Arguments of llama-imatrix.
 *
 * @param chunks at most so many chunks of the training text; null for all
 */
export function imatrixArguments(settings: Settings, chunks: number | null, paths: { model: string; text: string; imatrix: string }, lacks: readonly Lack[] = []): string[] {
  const { batch, context } = settings;
  const whole = { ...settings, batch: Math.max(batch, context) };
  return [
    "-m", paths.model, "-f", paths.text, "-o", paths.imatrix,
    ...batchArguments(whole, lacks), "--chunks", String(chunks ?? -1), "--no-ppl", ...deviceArguments(lacks),
  ];
}

/** What of a study beside its settings adds steps to its cells. */
export interface KeyOptions {
  klDivergence: boolean;
  /** Chunks of the importance matrix; null for all. */
  imatrixChunks: number | null;
}

/** Argument lists of every step of a cell with roles for paths, as its key has them. */
export function keySteps(cell: Cell, settings: Settings, gguf: Gguf, lacks: readonly Lack[] = [], options?: KeyOptions): string[][] {
  const quantizes = !hasType(gguf, cell.type);
  const { model, quantized, imatrix, imatrixText, text, logits } = roles;
  const measured = quantizes ? quantized : model;
  const steps: string[][] = [];
  if (cell.imatrix) steps.push(["llama-imatrix", ...imatrixArguments(settings, options?.imatrixChunks ?? null, { model, text: imatrixText, imatrix }, lacks)]);
  if (quantizes) {
    const paths = { model, quantized, ...(cell.imatrix && { imatrix }) };
    steps.push(["llama-quantize", ...quantizeArguments(cell, settings, misfits(gguf, cell.type), paths)]);
  }
  steps.push(["llama-perplexity", ...perplexityArguments(settings, { model: measured, text }, lacks)]);
  if (options?.klDivergence) steps.push(["llama-perplexity", ...divergenceArguments(settings, { model: measured, logits }, lacks)]);
  return steps;
}
