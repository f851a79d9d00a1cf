import { compressBytes } from "../../steps/compress.ts";
import type { Settings } from "../../steps/settings.ts";
import { referenceBytes } from "../../steps/referenceFile.ts";
import { momentsBytes } from "../../steps/momentsBytes.ts";
import { vocabularySize } from "../../gguf/vocabulary.ts";
import type { Gguf } from "../../gguf/read.ts";
import { mostKept } from "../../jobs/largeFiles.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import { frameBytes } from "../../parse/frames.ts";
import type { CellTodo, Todo } from "./todo.ts";

/** Bytes that a sweep writes. */
export interface DiskUse {
  /** Most at one time beyond what is there now, results and cache together. */
  peak: number;
  /** What stays with the results. */
  results: number;
}

/** A record with its logs, the copy of a report and the like. */
const recordBytes = 6e3;
/** Tables, figures and page of a study, and a cell's share of them. */
const reportBytes = { study: 4e5, cell: 6e4 };

/**
 * What lies on disk as a sweep goes on: records, evaluations and predictions stay, quantized files as far as the cache keeps
 * them, a cell's pieces while it is at them.
 *
 * @param kept bytes of large files that the cache keeps now
 * @param atOnce cells side by side
 * @param keepsAll whether every quantized file stays with the results
 */
export function diskUse(cells: readonly CellTodo[], { gguf, kept, atOnce, keepsAll }: { gguf: Gguf; kept: number; atOnce: number; keepsAll: boolean }): DiskUse {
  let results = 0;
  let shared = 0;
  let large = kept;
  let peak = 0;
  const passing: number[] = [];
  for (const { todos } of cells) {
    let pieces = 0;
    let replaced = 0;
    for (const todo of todos) {
      const bytes = bytesOf(todo, gguf);
      results += recordBytes + (todo.planned.step === "evaluate" ? bytes : 0);
      if (stepNamed(todo.planned.step).shared) shared += bytes;
      if (todo.planned.step === "quantize") {
        // One that is too large to be kept goes with its cell; one that is kept already goes as soon as the new one takes its place.
        if (keepsAll) results += bytes;
        else if (todo.isKept) replaced = bytes;
        else if (bytes > mostKept) pieces += bytes;
        else large += bytes;
      }
      if (todo.planned.step === "compress") pieces += bytes;
    }
    passing.push(Math.max(pieces, replaced));
    const most = passing.slice(-atOnce).reduce((sum, one) => sum + one, 0);
    peak = Math.max(peak, results + shared + large - kept + most);
    large = Math.min(large, Math.max(kept, mostKept));
  }
  const reports = cells.every(({ todos }) => todos.length === 0) ? 0 : reportBytes.study + reportBytes.cell * passing.length;
  return { peak: Math.max(peak, results + shared + large - kept + reports), results: results + reports };
}

function bytesOf({ planned: { step, config }, amount: { chunks, weights }, quantizedBytes }: Todo, gguf: Gguf): number {
  const settings = config as unknown as Settings & { compared: boolean };
  switch (step) {
    case "evaluate": return chunks * frameBytes(settings);
    case "reference": return referenceBytes({ chunks, context: settings.context, vocabulary: vocabularySize(gguf) ?? 0 });
    // Two numbers for each column of each matrix.
    case "imatrix": return 8 * Math.sqrt(weights) * Math.sqrt(gguf.tensors.length);
    case "moments": return momentsBytes(gguf);
    case "quantize": return quantizedBytes;
    case "compress": return compressBytes(quantizedBytes);
    default: return 0;
  }
}
