import { readFile } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { codeCounts } from "../gguf/codes.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { codesReadable } from "../gguf/stream.ts";
import { hashFile } from "../store/hash.ts";
import type { CellRecord, RecordedHistogram, RecordedTensor } from "../store/record.ts";
import { type Cell, floatTypes } from "../study/types.ts";
import { type Misfit, tensorTypeOf } from "./arguments.ts";
import { compareHistograms, parseHistogram, recordedHistogram } from "./histogram.ts";

/** What a quantized file holds. */
export interface Inspection {
  file: CellRecord["file"];
  tensors: RecordedTensor[];
  histogram: RecordedHistogram | null;
}

/**
 * Read a cell's quantized file: its size and content, the type of each tensor, and its codes, which
 * are counted here once more and must equal the library's count.
 *
 * @param file path of the GGUF
 * @param histogram path of the library's JSON; null when the library has no part in the cell
 * @throws UserError when the counts differ, or the library wrote none
 */
export async function inspect(
  file: string,
  histogram: string | null,
  cell: Cell,
  misfitting: readonly Misfit[],
  signal: AbortSignal,
): Promise<Inspection> {
  const gguf = await readGguf(file);
  return {
    file: { sha256: await hashFile(file, signal), bytes: gguf.fileBytes },
    tensors: describeTensors(gguf, cell, misfitting),
    histogram: histogram === null ? null : await checkedHistogram(gguf, histogram, cell, signal),
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
  if (codesReadable(gguf)) compareHistograms(library, await codeCounts(gguf, { signal }));
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
