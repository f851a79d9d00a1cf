import path from "node:path";
import type { Command } from "commander";
import { writeNamed } from "../writeAtomic.ts";
import { compareResults, comparisonSheet, comparisonText } from "../report/compare.ts";
import { loadResults } from "../report/load.ts";
import { csv } from "../report/table.ts";
import { shownPath } from "../paths.ts";
import type { CommandIo } from "./io.ts";

/** Adds `compare`: two results folders side by side. */
export function addCompareCommand(program: Command, { print }: CommandIo): void {
  program
    .command("compare")
    .description("set two results folders side by side, cell by cell, and name what they were run with that differs")
    .argument("<a>", "a results folder")
    .argument("<b>", "another")
    .option("--csv <file>", "where the table goes (default: compare-A.csv in B)")
    .action(async (first: string, second: string, { csv: file }: { csv?: string }) => {
      const [left, right] = [await loadResults(path.resolve(first)), await loadResults(path.resolve(second))];
      const comparison = compareResults(left, right);
      print(`A: ${first}\nB: ${second}\n${comparisonText(comparison)}\n`);
      const target = path.resolve(file ?? path.join(second, `compare-${path.basename(left.folder)}.csv`));
      await writeNamed(target, csv(comparisonSheet(comparison)));
      print(`wrote ${shownPath(target)}`);
    });
}
