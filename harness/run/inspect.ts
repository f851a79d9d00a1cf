import { readFile } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { codeCounts } from "../gguf/codes.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { codesReadable } from "../gguf/stream.ts";
import { weightErrors } from "../gguf/weightErrors.ts";
import { hashFile } from "../hash.ts";
import type { CellRecord, RecordedHistogram, RecordedTensor } from "../store/record.ts";
import { type Cell, floatTypes } from "../study/types.ts";
import { type Misfit, tensorTypeOf } from "./arguments.ts";
import { measureCompression } from "./compression.ts";
import { compareHistograms, parseHistogram, recordedHistogram } from "./histogram.ts";

/** What a quantized file holds. */
type Inspection = Pick<CellRecord, "file" | "tensors" | "histogram" | "compression" | "weightErrors">;

/** What a file is inspected against. */
export interface InspectContext {
  misfitting: readonly Misfit[];
  /** The model that was quantized. */
  original: Gguf;
  /** Where compressors may write. */
  folder: string;
  signal: AbortSignal;
}

/**
 * Read a cell's quantized file: its size and content, the type of each tensor, its codes, which
 * are counted here once more and must equal the library's count, how far it could be compressed, and how
 * far its weights are from the model's.
 *
 * @param file path of the GGUF
 * @param histogram path of the library's JSON; null when the library has no part in the cell
 * @throws UserError when the counts differ, or the library wrote none
 */
export async function inspect(file: string, histogram: string | null, cell: Cell, context: InspectContext): Promise<Inspection> {
  const { misfitting, original, folder, signal } = context;
  const gguf = await readGguf(file);
  const isFloat = floatTypes.includes(cell.type);
  return {
    file: { sha256: await hashFile(file, signal), bytes: gguf.fileBytes },
    tensors: describeTensors(gguf, cell, misfitting),
    histogram: histogram === null ? null : await checkedHistogram(gguf, histogram, cell, signal),
    compression: isFloat ? null : await measureCompression(gguf, folder, signal),
    weightErrors: isFloat || !codesReadable(gguf) ? [] : (await weightErrors(original, gguf, signal)).map(({ name, type, relative }) => ({ name, type, relative })),
  };
}

async function checkedHistogram(gguf: Gguf, histogram: string, cell: Cell, signal: AbortSignal): Promise<RecordedHistogram> {
  let text: string;
  try {
    text = await readFile(histogram, "utf8");
  } catch {
    throw new UserError("llama-quantize wrote no histogram: it is not a patched one, or it ignored pablo.conf");
  }
  const library = parseHistogram(text);
  // The fork's way of packing nibbles loses codes: then the library's count, made before, is the only one.
  if (codesReadable(gguf)) compareHistograms(library, await codeCounts(gguf, signal));
  return recordedHistogram(library, cell);
}

function describeTensors(gguf: Gguf, cell: Cell, misfitting: readonly Misfit[]): RecordedTensor[] {
  const expected = cell.pure ? tensorTypeOf(cell.type) : undefined;
  return gguf.tensors.map(({ name, shape, type, bytes, elements }) => {
    const named = misfitting.find((misfit) => misfit.name === name);
    const other = expected !== undefined && !floatTypes.includes(type) && type !== expected;
    const fallback = named?.reason ?? (other ? `${type}: upstream's choice in place of ${expected}` : null);
    return { name, shape, type, bytes, elements, fallback };
  });
}
