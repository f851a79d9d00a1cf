import { availableParallelism } from "node:os";
import path from "node:path";
import { Option, type Command } from "commander";
import { bench, type BenchOutcome, type BenchRequest } from "../bench/bench.ts";
import { ratioTable, writeBench } from "../bench/report.ts";
import { rows } from "../bench/rows.ts";
import type { Params } from "../bench/sourceModel.ts";
import { llamaShapes } from "../gguf/gaussianModel.ts";
import { projectRoot } from "../paths.ts";
import type { CommandIo } from "./io.ts";
import { nameList } from "./nameList.ts";
import { shownPath } from "./shownPath.ts";
import { wholeNumber } from "./wholeNumber.ts";

const sizes = Object.keys(llamaShapes) as Params[];

/** Adds `bench`: how fast the patched build is, measured against upstream's. */
export function addBenchCommand(program: Command, io: CommandIo): void {
  program
    .command("bench")
    .description("measure the patched build against upstream's, by turns, on models of random weights")
    .addOption(
      new Option("--params <sizes>", `models of random weights: ${sizes.join(", ")}, commas between (1b needs 9 GB of disk, 7b 50)`)
        .argParser(nameList(sizes))
        .default(["100m"], "100m"),
    )
    .option("--model <gguf>", "model in F16 to measure on instead")
    .option("--threads <n>", "threads of each program", wholeNumber, Math.min(2, availableParallelism()))
    .option("--repeats <n>", "rounds; a row that they do not decide has up to four times as many", wholeNumber, 8)
    .option("--only <pattern>", "rows to measure, by name: commas between, * for any text")
    .option("--out <dir>", "where the tables go (default: results/bench)")
    .addHelpText("after", `\nRows:\n${rows.map(({ name }) => `  ${name}`).join("\n")}`)
    .action(async ({ out = path.join(projectRoot, "results", "bench"), ...request }: BenchRequest & { out?: string }) => {
      let files: string[] = [];
      const keep = async (outcome: BenchOutcome): Promise<void> => void (files = await writeBench(path.resolve(out), outcome, request, io.argv));
      const { ratios } = await bench(request, io.print, keep, io.signal);
      for (const file of files) io.print(`wrote ${shownPath(file)}`);
      io.print(`\n${ratioTable(ratios)}\n`);
      const unmeasured = ratios.filter(({ ratio }) => ratio === null).length;
      if (unmeasured > 0) io.print(`${unmeasured} of ${ratios.length} rows could not be measured: their programs end too soon; give a larger model`);
      const failed = ratios.filter(({ holds }) => holds === false).length;
      io.print(failed === 0 ? "everything holds that is wanted and was measured" : `${failed} of ${ratios.length} rows do not hold`);
      const undecided = ratios.filter(({ decided }) => !decided).length;
      if (undecided > 0) io.print(`${undecided} rows are undecided, which a question mark says: give more --repeats, on a quieter machine`);
    });
}
