import path from "node:path";
import type { Command } from "commander";
import { columnText } from "../report/columnText.ts";
import type { KeptReports } from "../report/keep.ts";
import { loadResults } from "../report/load.ts";
import { writeReports, writeTokenTable } from "../report/reports.ts";
import { summary } from "../report/summary.ts";
import { shownPath } from "../paths.ts";
import type { CommandIo } from "./io.ts";

/** Adds `report`: everything that people read, again from the stored records. */
export function addReportCommand(program: Command, io: CommandIo): void {
  const command = program
    .command("report")
    .description("make what is not up to date of the tables, figures and page of a results folder, from its records")
    .option("--results <dir>", "results folder of a sweep")
    .option("--tokens", "also make tokens.csv: of each cell with a reference the tokens that it lost most on")
    .option("--columns", "explain every column of cells.csv, and do nothing else");
  command.action(async ({ results, tokens = false, columns = false }: { results?: string; tokens?: boolean; columns?: boolean }) => {
    if (columns) io.print(columnText());
    else if (results === undefined) command.error("error: give the results folder with --results <dir>");
    else await showReports(path.resolve(results), io, tokens);
  });
}

/**
 * Prints the main table of a results folder, and makes what is not up to date of all others, the figures and the page.
 * Gives the files that were written.
 *
 * @param tokens whether tokens.csv is made as well
 */
export async function showReports(folder: string, { print }: Pick<CommandIo, "print">, tokens = false): Promise<string[]> {
  const results = await loadResults(folder);
  print(`\n${summary(results)}\n`);
  const ended = await writeReports(results);
  const asked = tokens ? await writeTokenTable(results) : { written: [], current: [] };
  for (const file of [...ended.written, ...asked.written]) print(`wrote ${shownPath(file)}`);
  const current = [...ended.current, ...asked.current];
  if (current.length > 0) print(upToDate(current));
  return [...ended.written, ...asked.written];
}

const plurals = { table: ["table", "tables"], figure: ["figure", "figures"], histogram: ["histogram", "histograms"] } as const;

/** Such as `10 tables, 14 figures and report.html are up to date`. */
function upToDate(current: KeptReports["current"]): string {
  const counted = Object.entries(plurals).flatMap(([kind, [one, many]]) => {
    const count = current.filter((report) => report.kind === kind).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  const named = current.filter(({ kind }) => kind === "file").map(({ name }) => name);
  const list = new Intl.ListFormat("en-GB").format([...counted, ...named]);
  return `${list} ${current.length === 1 ? "is" : "are"} up to date`;
}
