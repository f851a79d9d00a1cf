import type { BackendName } from "../build/backends.ts";
import type { Build, Variant } from "../build/build.ts";
import type { Device } from "../steps/devices.ts";
import type { Measurement, Ratio } from "./ratios.ts";
import type { Params, SourceModel } from "./sourceModel.ts";

/** What to measure. */
export interface BenchRequest {
  params: readonly Params[];
  /** A model in F16 to measure on instead of random weights. */
  model?: string | undefined;
  threads: number;
  /** Pairs of each row at least; rows that they do not decide get more. */
  repeats: number;
  /** What llama.cpp is built for; as of a sweep. */
  backend?: BackendName | undefined;
  /** Name of the backend's device; the first by default. */
  device?: string | undefined;
  /** Rows to measure, by name: commas between, `*` for any text; all by default. */
  only?: string | undefined;
}

/** Everything that was measured, and on what. */
export interface BenchOutcome {
  ratios: Ratio[];
  measurements: Measurement[];
  builds: Record<Variant, Build>;
  /** What models were computed on; null for the processor. */
  device: Device | null;
  /** How many processes wanted a processor when it began, over one minute. */
  load: number;
  models: SourceModel[];
}

/** Takes what is being done, in words. */
export type BenchReport = (text: string) => void;
