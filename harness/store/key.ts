import { canonicalJson, hashText } from "../hash.ts";

/** Everything that determines what a cell gives: hashed into its key, and kept in its record. */
export interface KeyInputs {
  /** Tree of the patched release. */
  tree: string;
  /** Hash of the library's sources. */
  libraryHash: string;
  compiler: string;
  cmakeFlags: string[];
  cpu: string;
  /** SHA-256 of the model file's content. */
  model: string;
  /** SHA-256 of the text's content. */
  text: string;
  /** SHA-256 of the importance matrix's training text, of a cell that uses one. */
  imatrixText?: string | undefined;
  /** The scheme as normalized pablo.conf; null when the library has no part in the cell. */
  conf: string | null;
  /** Full argument lists of every step, paths replaced by their roles. */
  steps: string[][];
}

/** Version of the record's format: a change of what is recorded makes every older record a miss. */
export const recordFormat = 2;

/**
 * A cell's key.
 *
 * @returns SHA-256 in hexadecimal over the inputs; the order of their fields does not matter
 */
export function cellKey(inputs: KeyInputs): string {
  return hashText(canonicalJson({ format: recordFormat, ...inputs }));
}
