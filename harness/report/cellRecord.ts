import type { RecordedCompression } from "../steps/compressionRecord.ts";
import type { Count } from "../steps/count.ts";
import type { Evaluation } from "../steps/evaluate.ts";
import type { StepRecord } from "../store/record.ts";

/** What the steps of a finished cell found. */
export interface CellRecord extends Count, Evaluation {
  /** Null for a cell of floating-point numbers. */
  compression: RecordedCompression | null;
  /** Wall-clock seconds; null when the model already had the cell's type and nothing was quantized. */
  quantizeSeconds: number | null;
  /** With error feedback: why each tensor that it did not reach was rounded, by name. */
  rounded?: Readonly<Record<string, string>>;
  /** The scheme as pablo.conf; null when the library had no part in it. */
  conf: string | null;
  /** The records of the cell's own steps, by name, and their checksums. */
  steps: ReadonlyMap<string, StepRecord>;
  checksums: ReadonlyMap<string, string>;
}

/** What the steps of a cell found, put together from their records. */
export function cellRecord(steps: ReadonlyMap<string, StepRecord>, checksums: ReadonlyMap<string, string>): CellRecord {
  const resultOf = (name: string): object => steps.get(name)?.result ?? {};
  return {
    compression: null,
    quantizeSeconds: null,
    conf: (steps.get("quantize")?.inputs.config["conf"] as string | null | undefined) ?? null,
    ...resultOf("quantize"),
    ...resultOf("compress"),
    ...(resultOf("count") as Count),
    ...(resultOf("evaluate") as Evaluation),
    steps,
    checksums,
  };
}
