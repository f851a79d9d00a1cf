import type { Command } from "commander";
import { UserError } from "../errors.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { selfTest } from "./selfTest.ts";
import { countsLine } from "./testCounts.ts";

/** Adds `test`, which ends with a line of counts whatever happens. */
export function addTestCommand(program: Command, { print, complain, exit, signal }: CommandIo): void {
  program
    .command("test")
    .description("check types, find what nothing uses, run the tests")
    .argument("[filters...]", "arguments for vitest")
    .allowUnknownOption()
    .action(async (filters: string[]) => {
      let counts = { passed: 0, failed: 1, skipped: 0 };
      try {
        counts = await selfTest(filters, print, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof UserError)) throw error;
        complain(`error: ${error.message}`);
      }
      print(countsLine(counts));
      if (counts.failed > 0) exit(exitCodes.failed);
    });
}
