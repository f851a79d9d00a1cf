import type { Gguf } from "../gguf/read.ts";
import type { Inputs } from "./readInputs.ts";

/** The models that a sweep's cells read. */
export interface FilesRead {
  /** The one that is quantized. */
  gguf: Gguf;
  /** Ready-made ones, by the name of the cell that measures each. */
  ready: ReadonlyMap<string, { gguf: Gguf }>;
}

/** What its inputs are, as far as sizes and times follow from them. */
export function filesRead({ model, ready }: Pick<Inputs, "model" | "ready">): FilesRead {
  return { gguf: model.gguf, ready };
}
