import path from "node:path";
import { CommanderError, type Command } from "commander";
import { projectRoot, shownPath } from "../paths.ts";
import { regress, type RegressEvents } from "../regress/regress.ts";
import { checkNames, type CheckResult, type RegressRequest } from "../regress/types.ts";
import { writeReport } from "../regress/write/files.ts";
import { plainProgress } from "./plainProgress.ts";
import { backendOptions } from "./backendOptions.ts";
import { exitCodeOf } from "./exitCodeOf.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { nameList } from "./nameList.ts";
import { stallOption } from "./stallOption.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

/** Adds `regress`: does the patched build do what upstream's does? Exit code 0 it does, 1 not, 2 undecided. */
export function addRegressCommand(program: Command, io: CommandIo): void {
  backendOptions(program.command("regress"))
    .description("compare the patched build with upstream's: exit code 0 holds, 1 regressed, 2 could not be decided")
    .option("--release <tag>", "release of llama.cpp, or newest, which adds it to patches/ (default: the pin)")
    .option("--only <checks>", `checks to run, commas between: ${checkNames.join(", ")}`, nameList(checkNames))
    .option("--model <gguf>", "another model in F32, F16 or BF16 to compare on, besides the demo model")
    .option("--text <file>", "text in UTF-8 for likelihoods (default: the demo model's held-out text)")
    .option("--threads <n>", "N where 1 and N threads are compared (default: all)", wholeNumber(...limits.threads))
    .addOption(stallOption())
    .option("--fail-on-speed", "call a slower patched build regressed, not only warn")
    .option("--write-reference", "make results/reference/ anew from what is measured")
    .option("--out <dir>", "where the report goes (default: results/regress-RELEASE)")
    .exitOverride((error) => {
      // 1 would say that the patch regressed.
      throw new CommanderError(error.exitCode === 0 ? exitCodes.ok : exitCodes.undecided, error.code, error.message);
    })
    .action(async ({ out, ...request }: RegressRequest & { out?: string }) => {
      const report = await regress(request, events(io), io.signal);
      const files = await writeReport(path.resolve(out ?? path.join(projectRoot, "results", `regress-${report.release}`)), report).catch((error: unknown) => {
        io.exit(exitCodes.undecided);
        io.complain(`error: ${(error as Error).message}`);
        return [];
      });
      for (const file of files) io.print(`wrote ${shownPath(file)}`);
      if (report.fault !== null) io.complain(`error: ${report.fault}`);
      io.print(`llama.cpp ${report.release}: ${report.verdict}`);
      if (files.length > 0) io.exit(exitCodeOf(report.verdict));
    });
}

function events({ print }: CommandIo): RegressEvents {
  const line = plainProgress(print);
  return {
    progress: (text, fraction) => line({ kind: "prepare", text, fraction }),
    done: (result) => lines(result).forEach(print),
  };
}

function lines({ name, verdict, figure, details, seconds }: CheckResult): string[] {
  return [`${name}: ${verdict}: ${figure} (${seconds.toFixed(0)} s)`, ...details.slice(0, 10).map((text) => `  ${text}`)];
}
