import path from "node:path";
import type { Command } from "commander";
import { summary } from "../report/summary.ts";
import { writeTables } from "../report/tables.ts";
import type { CommandIo } from "./io.ts";
import { shownPath } from "./shownPath.ts";

/** Adds `report`: everything that people read, again from the stored records. */
export function addReportCommand(program: Command, io: CommandIo): void {
  program
    .command("report")
    .description("make the tables, figures and page of a results folder again from its records")
    .requiredOption("--results <dir>", "results folder of a sweep")
    .action(async ({ results }: { results: string }) => showReports(path.resolve(results), io));
}

/** Makes and prints the main table of a results folder, and makes all others, the figures and the page. */
export async function showReports(folder: string, { print }: CommandIo): Promise<void> {
  const { results, written } = await writeTables(folder);
  print(`\n${summary(results)}\n`);
  // Drawing needs libraries that take a while to load.
  const { writeFiguresAndPage } = await import("../report/html/write.ts");
  const drawn = results.cells.some(({ record }) => record) ? await writeFiguresAndPage(results) : [];
  for (const file of [...written, ...drawn]) print(`wrote ${shownPath(file)}`);
}
