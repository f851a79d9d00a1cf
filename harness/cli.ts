import { Command, CommanderError } from "commander";
import { addBenchCommand } from "./cli/bench.ts";
import { addCompareCommand } from "./cli/compare.ts";
import { addFitCommand } from "./cli/fit.ts";
import { type CommandIo, exitCodes } from "./cli/io.ts";
import { addJobCommand } from "./cli/job.ts";
import { addRegressCommand } from "./cli/regress.ts";
import { addReportCommand } from "./cli/report.ts";
import { addSweepCommand } from "./cli/sweep.ts";
import { addTestCommand } from "./cli/test.ts";
import { UserError } from "./errors.ts";
import { untilInterrupted } from "./process/interrupt.ts";
import type { SweepRequest } from "./sweep/sweep.ts";

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
 * @returns the exit code: 0 done, 1 failed, 2 undecided (regress alone), others as of untilInterrupted
 */
export async function main(argv: readonly string[], given: Pick<SweepRequest, "build"> = {}): Promise<number> {
  return untilInterrupted(
    (signal) => dispatch(argv, given, signal),
    (error) => {
      if (error instanceof CommanderError) return error.exitCode;
      complain(error instanceof UserError ? `error: ${error.message}` : String((error as Error).stack ?? error));
      return exitCodes.failed;
    },
    complain,
  );
}

async function dispatch(argv: readonly string[], given: Pick<SweepRequest, "build">, signal: AbortSignal): Promise<number> {
  let result: number = exitCodes.ok;
  // Every command inherits these.
  const program = new Command("quantflex").exitOverride().showHelpAfterError("(add --help for the options)");
  const io: CommandIo = { print, complain, signal, argv: ["quantflex", ...argv], exit: (code) => (result = code) };
  addSweepCommand(program, io, given);
  for (const add of [addJobCommand, addReportCommand, addCompareCommand, addFitCommand, addBenchCommand, addRegressCommand, addTestCommand]) add(program, io);
  await program.parseAsync(argv, { from: "user" });
  return result;
}
