import { Command, CommanderError } from "commander";
import { type CommandIo, exitCodes } from "./cli/io.ts";
import { refuseNpmsOptions } from "./cli/npmOptions.ts";
import { UserError } from "./errors.ts";
import { fileError } from "./fileError.ts";
import { shownPath } from "./paths.ts";
import { untilInterrupted } from "./process/interrupt.ts";
import type { SweepRequest } from "./sweep/request.ts";

const print = (line: string): void => void process.stdout.write(`${line}\n`);
// A reader that leaves, such as head, is no reason to stop measuring.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // EIO: of a terminal that was closed, which is said by a signal as well.
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Run a command of quantflex.
 *
 * @param argv the command and its options, as after `npm run … --`
 * @param given what no option can say: binaries for the sweep other than the patched build
 * @param before called first; what it throws is said as a fault of the command
 * @returns the exit code: 0 done, 1 failed, 2 undecided (regress alone), 3 a cell failed, others as of untilInterrupted
 */
export async function main(argv: readonly string[], given: Pick<SweepRequest, "build"> = {}, before: () => void = () => undefined): Promise<number> {
  return untilInterrupted(
    (signal) => {
      before();
      return dispatch(argv, given, signal);
    },
    (error) => {
      if (error instanceof CommanderError) return error.exitCode;
      const told = fileError(error);
      complain(told instanceof UserError ? `error: ${told.message}` : String((error as Error).stack ?? error));
      if (told instanceof UserError && told.log !== undefined) complain(`All that the program wrote is in ${shownPath(told.log)}`);
      return exitCodes.failed;
    },
    complain,
  );
}

type Add = (program: Command, io: CommandIo, given: Pick<SweepRequest, "build">) => void;

/** Each command with its libraries is loaded when it is asked for: all together take a second. */
const commands: Record<string, () => Promise<Add>> = {
  sweep: async () => (await import("./cli/sweep.ts")).addSweepCommand,
  plan: async () => (await import("./cli/plan.ts")).addPlanCommand,
  doctor: async () => (await import("./cli/doctor.ts")).addDoctorCommand,
  status: async () => (await import("./cli/status.ts")).addStatusCommand,
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
  const program = new Command("quantflex").enablePositionalOptions().exitOverride().showHelpAfterError("(options stand behind --, as in npm run sweep -- --study quick; add --help for all of them)");
  const io: CommandIo = { print, complain, signal, argv: ["quantflex", ...argv], exit: (code) => (result = code) };
  const asked = commands[argv[0] ?? ""];
  for (const load of asked ? [asked] : Object.values(commands)) (await load())(program, io, given);
  for (const command of program.commands) refuseNpmsOptions(command, argv.slice(1));
  await program.parseAsync(argv, { from: "user" });
  return result;
}
