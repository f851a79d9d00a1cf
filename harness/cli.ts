import path from "node:path";
import { Command, CommanderError } from "commander";
import { addBenchCommand } from "./cli/bench.ts";
import { addCompareCommand } from "./cli/compare.ts";
import { addFitCommand } from "./cli/fit.ts";
import { addRegressCommand } from "./cli/regress.ts";
import { shownPath } from "./cli/shownPath.ts";
import { wholeNumber } from "./cli/wholeNumber.ts";
import { UserError } from "./errors.ts";
import { liveProgress } from "./report/live.ts";
import { plainProgress } from "./report/progress.ts";
import { summary } from "./report/summary.ts";
import { writeTables } from "./report/tables.ts";
import type { Report } from "./run/events.ts";
import { countsLine, selfTest } from "./run/selfTest.ts";
import { sweep, type SweepRequest } from "./run/sweep.ts";

/** Exit codes of the commands. */
const exitCodes = { ok: 0, failed: 1, interrupted: 130, terminated: 143 } as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
// A reader that leaves, such as head, is no reason to stop measuring.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Run a command of quantflex.
 *
 * @param argv the command and its options, as after `npm run … --`
 * @param given what no option can say: binaries for the sweep other than the patched build
 * @returns the exit code: 0 done, 1 failed, 130 after Ctrl-C, 143 after SIGTERM or SIGHUP
 */
export async function main(argv: readonly string[], given: Pick<SweepRequest, "build"> = {}): Promise<number> {
  const stop = new AbortController();
  let code: number = exitCodes.ok;
  const interrupt = (): void => end(exitCodes.interrupted);
  const terminate = (): void => end(exitCodes.terminated);
  const end = (by: number): void => {
    code = by;
    stop.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", terminate).on("SIGHUP", terminate);
  try {
    const result = await dispatch(argv, given, stop.signal);
    return stop.signal.aborted ? code : result;
  } catch (error) {
    if (stop.signal.aborted) {
      complain(code === exitCodes.interrupted ? "interrupted" : "terminated");
      return code;
    }
    if (error instanceof CommanderError) return error.exitCode;
    complain(error instanceof UserError ? `error: ${error.message}` : String((error as Error).stack ?? error));
    return exitCodes.failed;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", terminate).off("SIGHUP", terminate);
  }
}

async function dispatch(argv: readonly string[], given: Pick<SweepRequest, "build">, signal: AbortSignal): Promise<number> {
  let result: number = exitCodes.ok;
  // Every command inherits these.
  const program = new Command("quantflex").exitOverride().showHelpAfterError("(add --help for the options)");

  program
    .command("sweep")
    .description("run a study: quantize, inspect and measure every cell that has no result yet")
    .option("--study <file>", "study to run: a file, or the name of one in studies/", "thesis")
    .option("--model <gguf>", "model in F32, F16 or BF16 (default: the demo model)")
    .option("--text <file>", "text in UTF-8 to measure on (default: the demo model's held-out text)")
    .option("--imatrix-text <file>", "training text for the importance matrix (default: the study's)")
    .option("--chunks <n>", "at most so many chunks of text (default: the study's, else all)", wholeNumber)
    .option("--threads <n>", "threads of each step (default: the study's, else all)", wholeNumber)
    .option("--only <pattern>", "cells to run, by name: commas between, * for any text")
    .option("--release <tag>", "release of llama.cpp to use, of patches/upstreams.json (default: the pin)")
    .option("--out <dir>", "where results go (default: results/STUDY-MODEL)")
    .option("--jobs <n>", "cells at a time", wholeNumber, 1)
    .action(async (options: SweepRequest) => {
      result = await sweepCommand({ ...options, ...given, argv: ["quantflex", ...argv] }, signal);
    });

  program
    .command("report")
    .description("make the tables, figures and page of a results folder again from its records")
    .requiredOption("--results <dir>", "results folder of a sweep")
    .action(async ({ results }: { results: string }) => {
      await showReports(path.resolve(results));
    });

  program
    .command("test")
    .description("check types, build llama.cpp, run the tests")
    .argument("[filters...]", "arguments for vitest")
    .allowUnknownOption()
    .action(async (filters: string[]) => {
      result = await testCommand(filters, signal);
    });

  addCompareCommand(program, { print });

  addFitCommand(program, { print, report: plainProgress(complain), signal });

  addBenchCommand(program, { print, signal, argv: ["quantflex", ...argv] });

  addRegressCommand(program, { print, complain, signal, exit: (code) => (result = code) });

  await program.parseAsync(argv, { from: "user" });
  return result;
}

async function sweepCommand(request: SweepRequest, signal: AbortSignal): Promise<number> {
  const live = process.stdout.isTTY ? liveProgress(request.jobs ?? 1) : null;
  const report: Report = live ? (event) => live.report(event) : plainProgress(print);
  const outcome = await sweep(request, report, signal).catch(async (error: unknown) => {
    await live?.end(false);
    throw error;
  });
  await live?.end(true);
  await showReports(outcome.results);
  for (const { name, reason } of outcome.failed) complain(`error: cell ${name} failed: ${reason}`);
  return outcome.failed.length > 0 ? exitCodes.failed : exitCodes.ok;
}

async function showReports(folder: string): Promise<void> {
  const { results, written } = await writeTables(folder);
  print(`\n${summary(results)}\n`);
  // Drawing needs libraries that take a while to load.
  const { writeFiguresAndPage } = await import("./report/html/write.ts");
  const drawn = results.cells.some(({ record }) => record) ? await writeFiguresAndPage(results) : [];
  for (const file of [...written, ...drawn]) print(`wrote ${shownPath(file)}`);
}

async function testCommand(filters: readonly string[], signal: AbortSignal): Promise<number> {
  let counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    counts = await selfTest(filters, plainProgress(print), print, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof UserError)) throw error;
    complain(`error: ${error.message}`);
  }
  print(countsLine(counts));
  return counts.failed > 0 ? exitCodes.failed : exitCodes.ok;
}
