import { readFile } from "node:fs/promises";
import { z } from "zod";
import { entropy } from "../analysis/entropy.ts";
import { total, totalCounts } from "../analysis/histogram.ts";
import type { Histogram } from "../gguf/codes.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { codesReadable } from "../gguf/stream.ts";
import { weightsOf } from "../gguf/weights.ts";
import { contentHash } from "../store/contentHash.ts";
import { baseTypes, fileTypes, floatTypes } from "../study/types.ts";
import { countFile } from "./countFile.ts";
import { compareHistograms, histogramSchema, parseHistogram, type RecordedHistogram, recordedHistogram } from "./histogram.ts";
import { hasType, misfits } from "./misfits.ts";
import { ruledTensors } from "./ruledTensors.ts";
import { bitsPerWeight } from "./sizes.ts";
import type { Step } from "./step.ts";
import { fallbacks } from "./writtenTypes.ts";

const config = z.strictObject({
  type: z.enum(fileTypes),
  pure: z.boolean(),
  /** Base types that are coded in own mode. */
  own: z.array(z.enum(baseTypes)),
  /** Whether the library counted codes while it quantized. */
  counted: z.boolean(),
  /** Names of tensors that were asked for in F16. */
  kept: z.array(z.string()),
  /** Tensors that were to get another type, by name. */
  types: z.record(z.string(), z.string()).optional(),
  /** Whether the file was made elsewhere: then nothing was asked for that it could be held against. */
  ready: z.literal(true).optional(),
});

const count = z.int().min(0);

const tensorSchema = z.strictObject({
  name: z.string(),
  shape: z.array(count),
  type: z.string(),
  bytes: count,
  elements: count,
  /** Why the tensor did not get the cell's type; null when it did, was never to, or a mixture chose another. */
  fallback: z.string().nullable(),
});

const result = z.strictObject({
  /** The quantized file, which may be gone. */
  file: z.strictObject({ sha256: z.string(), bytes: count }),
  tensors: z.array(tensorSchema).min(1),
  histogram: histogramSchema.nullable(),
  /** Sum of squared differences over sum of squared weights, of each tensor that was quantized and can be decoded. */
  weightErrors: z.array(z.strictObject({ name: z.string(), type: z.string(), relative: z.number().nonnegative() })),
});

type Config = z.infer<typeof config>;
type Result = z.infer<typeof result>;

/** What a quantized file holds. */
export type Count = Result;

/** A tensor of the quantized file. */
export type RecordedTensor = z.infer<typeof tensorSchema>;

/**
 * What a quantized file holds: its size and content, the type of each tensor, its codes, which are counted here once more
 * and must equal the library's count, and how far its weights are from the model's.
 */
export const countCodes: Step<Config, Result> = {
  name: "count",
  version: 2,
  beside: true,
  config,
  result,
  configure: ({ cell, gguf }) => cell.mode === "ready" ? { type: cell.type, pure: false, own: cell.types, counted: false, kept: [], ready: true } : {
    type: cell.type,
    pure: cell.pure,
    own: cell.mode === "own" ? cell.types : [],
    counted: cell.mode !== "upstream" && !hasType(gguf, cell.type),
    kept: misfits(gguf, cell),
    ...(cell.tensors && { types: ruledTensors(gguf, cell) }),
  },
  needs: ({ counted }) => ["model", "quantized", ...(counted ? ["histogram"] : [])],
  gives: () => [],
  argv: () => [],
  facts: () => ({}),
  async run(asked, at, _on, { signal, report }) {
    report("reading");
    const gguf = await readGguf(at["quantized"]!);
    const readable = codesReadable(gguf);
    const model = await readGguf(at["model"]!);
    const comparable = readable && !floatTypes.includes(asked.type) && (!asked.ready || isOfModel(gguf, model));
    const [sha256, found] = await Promise.all([
      contentHash(gguf.path, signal),
      // The fork's way of packing nibbles loses codes: then the library's count, made before, is the only one.
      countFile({ quantized: gguf.path, model: at["model"]!, codes: (asked.counted || asked.ready === true) && readable, errors: comparable }, signal),
    ]);
    return {
      file: { sha256, bytes: gguf.fileBytes },
      tensors: describeTensors(model, gguf, asked),
      histogram: asked.counted ? await checkedHistogram(at["histogram"]!, found.histogram, asked) : readHistogram(found.histogram, asked),
      weightErrors: found.weightErrors.map(({ name, type, relative }) => ({ name, type, relative })),
    };
  },
  columns: [
    { name: "file_bytes", unit: "bytes", decimals: 0, better: "lower", says: "size of the file", value: ({ file }) => file.bytes },
    { name: "bpw_file", unit: "bits", decimals: 4, better: "lower", says: "bits per weight of the whole file: 8 × its bytes ÷ all of its weights", shown: { heading: "file bits/weight", page: 3 }, value: ({ file, tensors }, _original, { type }) => bitsPerWeight(file.bytes, tensors, type).file },
    { name: "bpw_quantized", unit: "bits", decimals: 4, better: "lower", says: "bits per weight of the quantized tensors alone", shown: { heading: "quantized bits/weight", terminal: 2, page: 3 }, value: ({ file, tensors }, _original, { type }) => bitsPerWeight(file.bytes, tensors, type).quantized },
    {
      name: "fallback_percent", unit: "%", decimals: 4, better: "lower",
      says: "share of the weights whose tensors got another type than was asked for; which and why is in tensors.csv",
      // Where there are none, nobody needs the column.
      shown: { heading: "other type, %", terminal: 1, page: 3, as: (share) => (share === 0 ? "" : share) },
      value: ({ tensors }) => fallbackPercent(tensors),
    },
    { name: "weight_error", unit: "", decimals: 8, better: "lower", says: "squared error of the weights ÷ their squares, over all quantized tensors", shown: { heading: "weight error, %", page: 3, as: (error) => 100 * Math.sqrt(Number(error)) }, value: (found) => wholeWeightError(found) },
    { name: "code_entropy", unit: "bits", decimals: 5, better: null, says: "bits per code, of all codes of the cell's type together", value: ({ histogram }, _original, { type }) => codeEntropy(histogram, type) },
  ],
};

/** Relative squared error over all tensors that were quantized, each by its number of weights; null without any. */
function wholeWeightError({ weightErrors, tensors }: Pick<Result, "weightErrors" | "tensors">): number | null {
  const elements = new Map(tensors.map((tensor) => [tensor.name, tensor.elements]));
  const sizes = weightErrors.map(({ name }) => elements.get(name) ?? 0);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return all === 0 ? null : weightErrors.reduce((sum, { relative }, index) => sum + relative * sizes[index]!, 0) / all;
}

function fallbackPercent(tensors: readonly RecordedTensor[]): number {
  return (100 * weightsOf(tensors.filter(({ fallback }) => fallback !== null))) / weightsOf(tensors);
}

function codeEntropy(histogram: RecordedHistogram | null, type: string): number | null {
  const tensors = histogram?.tensors.filter((tensor) => tensor.type === type) ?? [];
  const counts = totalCounts(tensors);
  return total(counts) > 0 ? entropy(counts) : null;
}

/** @param counted over the written file; null where its codes cannot be read back */
async function checkedHistogram(file: string, counted: Histogram | null, { own }: Config): Promise<RecordedHistogram> {
  const library = parseHistogram(await readFile(file, "utf8"));
  if (counted) compareHistograms(library, counted);
  return recordedHistogram(library, own);
}

/** What was counted over a ready-made file; null where none of its codes can be read. */
function readHistogram(counted: Histogram | null, { own }: Config): RecordedHistogram | null {
  return counted && counted.tensors.length > 0 ? recordedHistogram(counted, own) : null;
}

/** Whether each tensor of a file is one of the model's, so that their weights can be compared. */
function isOfModel(file: Gguf, model: Gguf): boolean {
  const elements = new Map(model.tensors.map((tensor) => [tensor.name, tensor.elements]));
  return file.tensors.every((tensor) => elements.get(tensor.name) === tensor.elements);
}

function describeTensors(model: Gguf, written: Gguf, asked: Config): RecordedTensor[] {
  const reasons = asked.ready ? written.tensors.map(() => null) : fallbacks(model.tensors, written.tensors, asked);
  return written.tensors.map(({ name, shape, type, bytes, elements }, index) => ({ name, shape, type, bytes, elements, fallback: reasons[index]! }));
}
