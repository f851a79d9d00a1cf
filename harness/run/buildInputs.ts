import type { Build } from "../build/build.ts";
import type { KeyInputs } from "../store/key.ts";

/** What of a build determines its programs' results, as keys have it. */
export function buildInputs({ tree, libraryHash, compiler, cmakeFlags, cpu }: Build): Pick<KeyInputs, "tree" | "libraryHash" | "compiler" | "cmakeFlags" | "cpu"> {
  return { tree, libraryHash, compiler, cmakeFlags, cpu };
}
