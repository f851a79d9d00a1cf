import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import type { Command } from "commander";
import { writeNamed } from "../writeAtomic.ts";
import { cases } from "../bench/harness/cases.ts";
import { type HarnessRequest, measureHarness, type Measured } from "../bench/harness/measureHarness.ts";
import { harnessTable, ratioLines, whereItGoes } from "../bench/harness/table.ts";
import { projectRoot, shownPath } from "../paths.ts";
import type { CommandIo } from "./io.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

const meaning = `Own time is a sweep's wall time without what llama.cpp's programs and xz ran, those side by side counted once;
"with compressors" counts what xz ran alone as own. Programs are seen from outside, every 10 ms, in Linux's /proc.
Own time of a machine that others use too says little: their share and the load are printed.`;

/** Adds `bench harness`: what a sweep takes beside its programs. */
export function addBenchHarnessCommand(bench: Command, io: CommandIo): void {
  bench
    .command("harness")
    .description("measure what sweeps take beside their programs, and with --against how much faster than another checkout")
    .option("--against <dir>", "another checkout with its node_modules: its answers run by turns with this one's")
    .option("--only <pattern>", "sweeps to measure, by name: commas between, * for any text")
    .option("--repeats <n>", "runs of each sweep", wholeNumber(...limits.repeats), 3)
    .option("--threads <n>", "threads of each program", wholeNumber(...limits.threads), availableParallelism())
    .option("--out <file>", "where everything measured goes (default: results/bench/harness.json)")
    .addHelpText("after", `\n${meaning}\n\nSweeps:\n${cases.map(({ name, says }) => `  ${name}: ${says}`).join("\n")}`)
    .action(async ({ out = path.join(projectRoot, "results", "bench", "harness.json"), against, ...request }: HarnessRequest & { out?: string }) => {
      const all: Measured[] = [];
      await measureHarness({ ...request, against: against && path.resolve(against) }, io.print, (measured) => void all.push(measured), io.signal);
      const file = path.resolve(out);
      await mkdir(path.dirname(file), { recursive: true });
      await writeNamed(file, `${JSON.stringify({ date: new Date().toISOString(), argv: io.argv, processors: availableParallelism(), measured: all }, null, 1)}\n`);
      io.print(`wrote ${shownPath(file)}`);
      for (const text of all.map(whereItGoes).filter(Boolean)) io.print(`\n${text}`);
      io.print(`\n${harnessTable(all)}`);
      for (const line of all.flatMap(ratioLines)) io.print(line);
    });
}
