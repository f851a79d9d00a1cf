import { availableParallelism } from "node:os";
import path from "node:path";
import { Option, type Command } from "commander";
import { writeNamed } from "../writeAtomic.ts";
import { UserError } from "../errors.ts";
import { fittedYaml } from "../fit/file.ts";
import { plainProgress } from "./plainProgress.ts";
import { fitModel, type FitModelRequest } from "../sweep/fitModel.ts";
import { fitRequestSchema } from "../study/types.ts";
import { backendOptions } from "./backendOptions.ts";
import type { CommandIo } from "./io.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

/** Adds `fit`: a table from a model's own weights, as a file that studies can name. */
export function addFitCommand(program: Command, io: CommandIo): void {
  const { per, weights, scale, method } = fitRequestSchema.shape;
  const choice = (flags: string, description: string, { options }: { options: readonly string[] }): Option => new Option(flags, description).choices(options);
  backendOptions(program.command("fit"))
    .description("fit a 16-entry table to a model's weights, for use in a study (table: FILE)")
    .option("--model <gguf>", "model in F32, F16 or BF16: a file, or the name of one in models/ (default: sotu-1m)")
    .addOption(choice("--per <what>", "one table for the model, or one more for each kind of tensor, or each tensor", per).default("model"))
    .addOption(choice("--weights <how>", "errors count in units of each block's scale, as they are, or times an importance matrix", weights).default("squared"))
    .addOption(choice("--scale <how>", "the block scale that the table will be used with", scale).default("search"))
    .addOption(choice("--method <name>", "joint: table and block scales together; the others: to the histogram of Q8_0 codes", method))
    .option("--calibration <file>", "calibration text for --weights imatrix: a file, demo or demo-prose (default: demo)")
    .addOption(new Option("--imatrix-text <file>", "--calibration, by its older name").hideHelp())
    .option("--imatrix <file>", "for --weights imatrix, a ready importance matrix of the model, in place of one that is computed on the calibration text")
    .option("--imatrix-chunks <n>", "at most so many chunks of it", wholeNumber(...limits.chunks))
    .option("--threads <n>", "threads of llama-imatrix", wholeNumber(...limits.threads), availableParallelism())
    .option("--out <file>", "where the table goes (default: printed)")
    .action(async ({ out, imatrixText, ...request }: FitModelRequest & { out?: string; imatrixText?: string }) => {
      const text = fittedYaml(await fitModel({ ...(imatrixText !== undefined && { calibration: imatrixText }), ...request }, plainProgress(io.complain), io.signal));
      if (out === undefined) return io.print(text.trimEnd());
      await writeNamed(path.resolve(out), text).catch((error: Error) => {
        throw new UserError(`${out} cannot be written (${error.message}); give another file with --out`);
      });
      io.print(`wrote ${out}`);
    });
}
