import type { Verdict } from "../regress/types.ts";
import { exitCodes } from "./io.ts";

/** Exit code of regress: the patch holds, it regressed, or that could not be decided. */
export function exitCodeOf(verdict: Verdict): number {
  return verdict === "regressed" ? exitCodes.failed : verdict === "undecided" ? exitCodes.undecided : exitCodes.ok;
}
