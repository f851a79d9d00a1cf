import { type Command, Option } from "commander";
import { plainProgress } from "./plainProgress.ts";
import { logNote } from "../process/reason.ts";
import type { Report } from "../sweep/events.ts";
import { sweep, type SweepRequest } from "../sweep/sweep.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { showReports } from "./report.ts";
import { stallOption } from "./stallOption.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

/**
 * Adds `sweep`: run a study, and make everything that people read of it.
 *
 * @param given what no option can say: binaries other than the patched build
 */
export function addSweepCommand(program: Command, io: CommandIo, given: Pick<SweepRequest, "build">): void {
  program
    .command("sweep")
    .description("run a study: quantize, count, compress and evaluate every cell that has no result yet")
    .option("--study <file>", "study to run: a file, or the name of one in studies/", "thesis")
    .option("--model <gguf>", "model in F32, F16 or BF16: a file, or the name of one in models/ (default: the study's, else sotu-1m)")
    .option("--text <file>", "text in UTF-8 to measure on: a file, demo or moby-dick (default: the study's, else demo)")
    .option("--calibration <file>", "calibration text, for importance matrices and error feedback: a file, demo or demo-prose (default: the study's)")
    .addOption(new Option("--imatrix-text <file>", "--calibration, by its older name").hideHelp())
    .option("--chunks <n>", "at most so many chunks of text (default: the study's, else all)", wholeNumber(...limits.chunks))
    .option("--threads <n>", "threads of each step (default: the study's, else all)", wholeNumber(...limits.threads))
    .option("--only <pattern>", "cells to run, by name: commas between, * for any text")
    .option("--release <tag>", "release of llama.cpp to use, of patches/upstreams.json (default: the pin)")
    .option("--out <dir>", "where results go (default: results/STUDY-MODEL, with --release STUDY-MODEL-RELEASE)")
    .option("--jobs <n>", "cells at a time", wholeNumber(...limits.jobs), 1)
    .addOption(stallOption())
    .action(async ({ imatrixText, ...asked }: SweepRequest & { imatrixText?: string }) => {
      const options = { ...(imatrixText !== undefined && { calibration: imatrixText }), ...asked };
      const live = process.stdout.isTTY ? (await import("./liveProgress.ts")).liveProgress(options.jobs ?? 1) : null;
      const report: Report = live ? (event) => live.report(event) : plainProgress(io.print);
      const outcome = await sweep({ ...options, ...given, argv: io.argv }, report, io.signal).catch(async (error: unknown) => {
        await live?.end(false);
        throw error;
      });
      await live?.end(true);
      await showReports(outcome.results, io);
      for (const { name, reason, log } of outcome.failed) io.complain(`error: cell ${name} failed: ${reason}${logNote(log)}`);
      if (outcome.failed.length > 0) io.exit(exitCodes.failed);
    });
}
