import { Option } from "commander";
import { usualStallSeconds } from "../process/stall.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

/** `--stall-limit`, as several commands have it. */
export function stallOption(): Option {
  return new Option("--stall-limit <minutes>", "end a program that neither writes anything nor takes processor time for so long; 0 for never")
    .argParser(wholeNumber(...limits.stallLimit))
    .default(usualStallSeconds / 60);
}
