import { type Command, InvalidArgumentError, Option } from "commander";
import type { SweepRequest } from "../sweep/request.ts";
import { backendOptions } from "./backendOptions.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

/** What the options give. */
export type SweepOptions = SweepRequest & { imatrixText?: string; listDevices?: boolean };

/** Adds the options that say what a sweep is about, for those that run and those that plan one. */
export function sweepOptions(command: Command): Command {
  return backendOptions(command)
    .option("--devices <names>", "several devices of one kind, commas between, which cells are shared out among", deviceNames)
    .option("--list-devices", "print the backend's devices with their memory, and do nothing else")
    .option("--study <file>", "study to run: a file, or the name of one in studies/", "thesis")
    .option("--model <gguf>", "model in F32, F16 or BF16: a file, or the name of one in models/ (default: the study's, else sotu-1m)")
    .option("--text <file>", "text in UTF-8 to measure on: a file, demo or moby-dick (default: the study's, else demo)")
    .option("--calibration <file>", "calibration text, for importance matrices and error feedback: a file, demo or demo-prose (default: the study's)")
    .option("--imatrix <file>", "ready importance matrix of the model, in place of one that is computed on the calibration text")
    .addOption(new Option("--imatrix-text <file>", "--calibration, by its older name").hideHelp())
    .option("--chunks <n>", "at most so many chunks of text (default: the study's, else all)", wholeNumber(...limits.chunks))
    .option("--threads <n>", "threads of each step (default: the study's, else all)", wholeNumber(...limits.threads))
    .option("--only <pattern>", "cells to run, by name: commas between, * for any text")
    .option("--also <files...>", "ready-made quantized files to measure beside the study's cells, as they are")
    .option("--release <tag>", "release of llama.cpp to use, of patches/upstreams.json (default: the pin)")
    .option("--out <dir>", "where results go (default: results/STUDY-MODEL, with --release STUDY-MODEL-RELEASE)")
    .option("--jobs <n>", "cells at a time, on each device", wholeNumber(...limits.jobs), 1)
    .option("--retry-failed", "only cells that failed when they were run last (without it these and all that have no result)");
}

function deviceNames(text: string): string[] {
  const names = text.split(",").map((name) => name.trim()).filter(Boolean);
  if (names.length === 0) throw new InvalidArgumentError("It must be names as --list-devices prints them, commas between.");
  return names;
}

/** The options as a request. */
export function requestOf<Options extends SweepOptions>({ imatrixText, listDevices: _listed, ...asked }: Options): Omit<Options, "imatrixText" | "listDevices"> {
  return { ...(imatrixText !== undefined && { calibration: imatrixText }), ...asked };
}
