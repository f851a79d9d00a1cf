import { modelName } from "../gguf/split.ts";
import type { Cell } from "./types.ts";

/**
 * A cell that measures a ready-made file. Its type, and how its codes are decoded, stand here as those of plain numbers until
 * the file has been read.
 */
export function readyMade(name: string, model: string): Cell {
  return { name, model, mode: "ready", type: "F32", pure: false, imatrix: false, container: "native", encode: "bins", scale: "absmax", decode: "exact", types: [] };
}

/** What a ready-made file is called in the name of a cell: its own name without folder, ending, revision and checksum. */
export function readyName(file: string): string {
  const plain = file.replace(/[#?].*$/, "").replace(/^(hf:.*)@[^@]*$/, "$1");
  return modelName(plain).replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
}
