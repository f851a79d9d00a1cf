import { availableParallelism } from "node:os";
import path from "node:path";
import { Option, type Command } from "commander";
import { fewestForInterval } from "../analysis/medianInterval.ts";
import { bench } from "../bench/bench.ts";
import { mostForOthers } from "../bench/ratios.ts";
import { writeBench } from "../bench/report.ts";
import { mostThrownAway } from "../bench/rounds.ts";
import { deviceRows, rows } from "../bench/rows.ts";
import type { Params } from "../bench/sourceModel.ts";
import { summary } from "../bench/summary.ts";
import { ratioTable } from "../bench/table.ts";
import type { BenchOutcome, BenchRequest } from "../bench/types.ts";
import { UserError } from "../errors.ts";
import { llamaShapes } from "../gguf/llamaModel.ts";
import { projectRoot, shownPath } from "../paths.ts";
import { addBenchClusterCommand } from "./benchCluster.ts";
import { addBenchFeedbackCommand } from "./benchFeedback.ts";
import { addBenchHarnessCommand } from "./benchHarness.ts";
import { addBenchPlanCommand } from "./benchPlan.ts";
import { addBenchScaleCommand } from "./benchScale.ts";
import { backendOptions } from "./backendOptions.ts";
import type { CommandIo } from "./io.ts";
import { nameList } from "./nameList.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

const sizes = Object.keys(llamaShapes) as Params[];

const onOthers = `A pair is thrown away and measured again if other processes take more than ${100 * mostForOthers} % of all processors' time
during one of its sides (read on Linux, unknown elsewhere). A row is given up after twice --repeats of them, ${mostThrownAway(1)} at least.`;

/** Adds `bench`: how fast the patched build is, measured against upstream's. */
export function addBenchCommand(program: Command, io: CommandIo): void {
  const command = backendOptions(program.command("bench"))
    .description("measure the patched build against upstream's, by turns, on models of random weights")
    .addOption(
      new Option("--params <sizes>", `models of random weights: ${sizes.join(", ")}, commas between (1b needs 9 GB of disk, 7b 50)`)
        .argParser(nameList(sizes))
        .default(["100m"], "100m"),
    )
    .option("--model <gguf>", "model in F16 to measure on instead")
    .option("--threads <n>", "threads of each program", wholeNumber(...limits.threads), Math.min(2, availableParallelism()))
    .option("--repeats <n>", `pairs of each row; one that they do not decide has up to four times as many. Fewer than ${fewestForInterval} leave rows undecided, which then go on to ${fewestForInterval}`, wholeNumber(...limits.repeats), 8)
    .option("--only <pattern>", "rows to measure, by name: commas between, * for any text")
    .option("--out <dir>", "where the tables go (default: results/bench)")
    .addHelpText("after", `\n${onOthers}`)
    .addHelpText("after", `\nRows:\n${rows.map(({ name }) => `  ${name}`).join("\n")}\nof a device:\n${deviceRows.map(({ name }) => `  ${name}`).join("\n")}`)
    .action(async ({ out = path.join(projectRoot, "results", "bench"), ...request }: BenchRequest & { out?: string }) => {
      let files: string[] = [];
      const keep = async (outcome: BenchOutcome): Promise<void> => void (files = await writeBench(path.resolve(out), outcome, request, io.argv));
      const { ratios, measurements } = await bench(request, io.print, keep, io.signal);
      for (const file of files) io.print(`wrote ${shownPath(file)}`);
      io.print(`\n${ratioTable(ratios)}\n`);
      for (const line of summary({ ratios, measurements }, request.repeats)) io.print(line);
    });
  command.hook("preSubcommand", refuseOptionsBefore);
  addBenchClusterCommand(command, io);
  addBenchFeedbackCommand(command, io);
  addBenchHarnessCommand(command, io);
  addBenchPlanCommand(command, io);
  addBenchScaleCommand(command, io);
}

/** Options of `bench` itself mean nothing to the commands within it. */
function refuseOptionsBefore(command: Command, within: Command): void {
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === "cli").map(({ long }) => long);
  if (given.length > 0) throw new UserError(`${given.join(", ")} before ${within.name()}: it has options of its own, which stand behind it (npm run bench -- ${within.name()} --help)`);
}
