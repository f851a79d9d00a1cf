import { Command, CommanderError } from "commander";
import { type CommandIo, exitCodes } from "./cli/io.ts";
import { UserError } from "./errors.ts";
import { fileError } from "./fileError.ts";
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
      const told = fileError(error);
      complain(told instanceof UserError ? `error: ${told.message}` : String((error as Error).stack ?? error));
      return exitCodes.failed;
    },
    complain,
  );
}

type Add = (program: Command, io: CommandIo, given: Pick<SweepRequest, "build">) => void;

/** Each command with its libraries is loaded when it is asked for: all together take a second. */
const commands: Record<string, () => Promise<Add>> = {
  sweep: async () => (await import("./cli/sweep.ts")).addSweepCommand,
  job: async () => (await import("./cli/job.ts")).addJobCommand,
  report: async () => (await import("./cli/report.ts")).addReportCommand,
  compare: async () => (await import("./cli/compare.ts")).addCompareCommand,
  quantize: async () => (await import("./cli/quantize.ts")).addQuantizeCommand,
  fit: async () => (await import("./cli/fit.ts")).addFitCommand,
  bench: async () => (await import("./cli/bench.ts")).addBenchCommand,
  regress: async () => (await import("./cli/regress.ts")).addRegressCommand,
  test: async () => (await import("./cli/test.ts")).addTestCommand,
};

async function dispatch(argv: readonly string[], given: Pick<SweepRequest, "build">, signal: AbortSignal): Promise<number> {
  let result: number = exitCodes.ok;
  // Every command inherits these; options belong to the command that they stand behind, and bench has one within it.
  const program = new Command("quantflex").enablePositionalOptions().exitOverride().showHelpAfterError("(add --help for the options)");
  const io: CommandIo = { print, complain, signal, argv: ["quantflex", ...argv], exit: (code) => (result = code) };
  const asked = commands[argv[0] ?? ""];
  for (const load of asked ? [asked] : Object.values(commands)) (await load())(program, io, given);
  await program.parseAsync(argv, { from: "user" });
  return result;
}
