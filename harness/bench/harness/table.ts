import { median } from "simple-statistics";
import { alignedTable } from "../../alignedTable.ts";
import { type Account, account, secondsOf } from "./account.ts";
import type { Measured } from "./measureHarness.ts";

const seconds = (value: number): string => value.toFixed(2);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const head = ["sweep", "runs", "wall s", "programs s", "own s", "own", "with compressors", "wanted", "holds?", "others took", "load"];

/** One line for each case: the run in the middle by what is wanted of it. */
export function harnessTable(measured: readonly Measured[]): string {
  return alignedTable([head, ...measured.map(cells)], (column) => column > 0 && column !== 7 && column !== 8);
}

function cells({ wanted: { name, says, wanted }, runs }: Measured): string[] {
  const value = (one: Account): number => ("share" in wanted ? one.share : one.wall);
  const sorted = runs.map((run) => ({ run, one: account(run) })).sort((left, right) => value(left.one) - value(right.one));
  const { run, one } = sorted[Math.floor((sorted.length - 1) / 2)]!;
  const most = "share" in wanted ? wanted.share : wanted.seconds;
  return [
    `${name}: ${says}`, String(runs.length), seconds(one.wall), seconds(one.programs), seconds(one.own), percent(one.share), percent(one.shareWithCompressors),
    "share" in wanted ? `own ≤ ${100 * wanted.share} %` : `wall ≤ ${wanted.seconds} s`, value(one) <= most ? "yes" : "NO",
    run.others === null ? "unknown" : percent(run.others), run.load.toFixed(1),
  ];
}

/** Where the time of a case's first run went: by program, by step, and the harness' own by when it was. Empty of one that ran no program. */
export function whereItGoes({ wanted: { name }, runs: [first], steps }: Measured): string {
  if (!first || first.runs.length === 0) return "";
  const { byProgram, before, between, after } = account(first);
  return [
    `${name}: where the first run's time went`,
    alignedTable([["program", "runs", "seconds"], ...byProgram.map((one) => [one.program, String(one.runs), seconds(one.seconds)])], (column) => column > 0),
    alignedTable([["step", "records", "seconds", "program", "own"], ...steps.map((one) => [one.step, String(one.records), seconds(one.seconds), seconds(one.program), seconds(one.own)])], (column) => column > 0),
    `own: ${seconds(before)} s until the first program, ${seconds(between)} s between programs, ${seconds(after)} s after the last (tables, figures, page)`,
  ].join("\n");
}

const ratios = [
  { name: "llama-perplexity, all runs", of: (run: Measured["runs"][number]) => secondsOf(run, "llama-perplexity") },
  { name: "the whole study", of: (run: Measured["runs"][number]) => run.seconds },
] as const;

/** This checkout's time over the other's: the median of pairs that followed one another, and each of them. */
export function ratioLines({ wanted: { name }, runs, others }: Measured): string[] {
  if (others.length === 0) return [];
  return ratios.map(({ name: what, of }) => {
    const each = runs.map((run, index) => of(run) / of(others[index]!));
    const middle = median(each);
    const times = `${seconds(median(runs.map(of)))} s ÷ ${seconds(median(others.map(of)))} s`;
    return `${name}: ${what} ÷ the other checkout's: ${middle.toFixed(3)} (${times}; pairs ${each.map((ratio) => ratio.toFixed(3)).join(", ")})`;
  });
}
