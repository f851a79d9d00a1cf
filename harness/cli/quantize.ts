import { availableParallelism } from "node:os";
import type { Command } from "commander";
import prettyBytes from "pretty-bytes";
import { UserError } from "../errors.ts";
import { quantizeModel } from "../sweep/quantizeModel.ts";
import type { SweepRequest } from "../sweep/request.ts";
import { defaultDamping } from "../study/types.ts";
import { type BackendOptions, backendOptions } from "./backendOptions.ts";
import type { CommandIo } from "./io.ts";
import { namesHelp } from "./namesHelp.ts";
import { plainProgress } from "./plainProgress.ts";
import { positiveNumber } from "./positiveNumber.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

interface QuantizeOptions extends BackendOptions {
  model: string;
  type: string;
  out: string;
  feedback?: boolean;
  damping?: number;
  imatrix?: boolean | string;
  table?: string;
  pure: boolean;
  calibration?: string;
  calibrationChunks?: number;
  threads: number;
  memory?: number;
}

/** Adds `quantize`: for people who want a file, not a study. */
export function addQuantizeCommand(program: Command, io: CommandIo, { build }: Pick<SweepRequest, "build">): void {
  backendOptions(program.command("quantize"))
    .description("quantize a model; with --feedback a plain file of its type that comes nearer to the model")
    .addHelpText("after", namesHelp)
    .requiredOption("--model <gguf>", "model in F32, F16 or BF16: a file, or the name of one in models/")
    .requiredOption("--type <type>", "a type of llama-quantize, in any case; with --feedback Q4_0, IQ4_NL or Q8_0")
    .requiredOption("--out <file>", "where the quantized file goes")
    .option("--feedback", "choose codes by second moments of each tensor's input, so that later columns make good what earlier ones do wrong")
    .option("--damping <x>", `what is added to the moments' diagonal, in units of its mean (default: ${defaultDamping})`, positiveNumber)
    .option("--imatrix [file]", "quantize with an importance matrix: a ready one, or one that is computed on the calibration text")
    .option("--table <table>", "a packed table of one's own (with --type Q4_0): fit, or a file that npm run fit made")
    .option("--no-pure", "upstream's mixture of types in place of one type")
    .option("--calibration <file>", "text for --feedback, --imatrix and --table fit: a file, demo or demo-prose (default: demo, for models in models/)")
    .option("--calibration-chunks <n>", "at most so many chunks of 512 tokens of it", wholeNumber(...limits.chunks), 100)
    .option("--threads <n>", "threads of each step", wholeNumber(...limits.threads), availableParallelism())
    .option("--memory <GB>", "memory for second moments; with less the text is evaluated more often (default: half of what is free)", positiveNumber)
    .action(async ({ model, type, out, feedback, damping, imatrix, table, pure, memory, ...options }: QuantizeOptions) => {
      if (damping !== undefined && !feedback) throw new UserError("--damping goes with --feedback");
      const cell = {
        type: type.toUpperCase(),
        ...(pure ? {} : { pure }),
        ...(imatrix !== undefined && { imatrix: true }),
        ...(feedback && { feedback: damping === undefined ? true : { damping } }),
        ...(table !== undefined && { container: "packed", encode: "nearest", scale: "search", table: table === "fit" ? { fit: {} } : table }),
      };
      const { bytes, rounded } = await quantizeModel({ model, out, cell, ...options, build, ...(typeof imatrix === "string" && { imatrix }), ...(memory !== undefined && { memory: memory * 1e9 }) }, plainProgress(io.print), io.signal);
      for (const [tensor, reason] of rounded) io.print(`rounded, not chosen by feedback: ${tensor} (${reason})`);
      io.print(`wrote ${out}, ${prettyBytes(bytes)}`);
    });
}
