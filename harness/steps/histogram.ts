import { z } from "zod";
import { ParseError, UserError } from "../errors.ts";
import type { Histogram } from "../gguf/codes.ts";

const count = z.int().min(0);

/** Codes and zero runs of one cell. */
export const histogramSchema = z.strictObject({
  /** Runs of zeros of length 1 to 15, then of 16 and more, over the whole model in storage order. */
  zeroRuns: z.array(count).length(16),
  /** Count of each code; `firstCode` is the code that `counts[0]` counts. */
  tensors: z.array(z.strictObject({ name: z.string(), type: z.string(), firstCode: z.int(), counts: z.array(count) })),
});

/** Codes and zero runs of one cell. */
export type RecordedHistogram = z.infer<typeof histogramSchema>;

const librarySchema = z.strictObject({
  pablo: z.tuple([
    z.strictObject({
      tensors: z.array(z.strictObject({ name: z.string(), type: z.string(), shape: z.array(count), hist: z.array(count) })),
    }),
    z.strictObject({ groups: z.array(count).length(16) }),
  ]),
});

/**
 * The library's histogram JSON.
 *
 * @param text content of the file that pablo.conf's HISTOGRAM names
 * @throws ParseError when it has another shape
 */
export function parseHistogram(text: string): Histogram {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ParseError(`the histogram is not JSON: ${(error as Error).message}`);
  }
  const parsed = librarySchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ParseError(`the histogram has not the shape it must have: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const [{ tensors }, { groups }] = parsed.data.pablo;
  return { tensors: tensors.map(({ hist, ...tensor }) => ({ ...tensor, counts: hist })), zeroRuns: groups };
}

/**
 * Compare the library's counts with an independent count over the written file.
 *
 * @throws UserError that names the first number that differs
 */
export function compareHistograms(library: Histogram, counted: Histogram): void {
  const names = (histogram: Histogram): string => histogram.tensors.map(({ name, type }) => `${name} ${type}`).join(", ");
  if (names(library) !== names(counted)) {
    throw new UserError(`the library counted other tensors (${names(library)}) than the file has (${names(counted)})`);
  }
  library.tensors.forEach(({ name, counts }, index) => {
    const others = counted.tensors[index]?.counts ?? [];
    if (counts.length !== others.length) throw new UserError(`tensor ${name}: the library counted ${counts.length} codes, the file has ${others.length}`);
    const at = counts.findIndex((value, code) => value !== others[code]);
    if (at >= 0) throw new UserError(`tensor ${name}, code index ${at}: the library counted ${counts[at]}, the file has ${others[at]}`);
  });
  const at = library.zeroRuns.findIndex((value, length) => value !== counted.zeroRuns[length]);
  if (at >= 0) throw new UserError(`zero runs of length ${at + 1}: the library counted ${library.zeroRuns[at]}, the file has ${counted.zeroRuns[at]}`);
}

/**
 * The histogram as a record keeps it: each tensor says which code its first count is for.
 *
 * @param ownTypes base types that are coded in own mode
 */
export function recordedHistogram(histogram: Histogram, ownTypes: readonly string[]): RecordedHistogram {
  return {
    zeroRuns: histogram.zeroRuns,
    tensors: histogram.tensors.map(({ name, type, counts }) => ({ name, type, firstCode: counts.length === 256 ? -128 : ownTypes.includes(type) ? -8 : 0, counts })),
  };
}
