import { alignedTable } from "../alignedTable.ts";
import { type Estimate, largestDifference, perplexityRatio } from "../analysis/statistics.ts";
import type { Value } from "../steps/step.ts";
import type { Plan } from "../store/plan.ts";
import { shownNumber } from "./cellColumns.ts";
import { readable } from "./figures/numbers.ts";
import { measured, type Measured, type Results } from "./load.ts";
import { deviceOf, settingsOf } from "./manifest.ts";
import { rounded, type Sheet } from "./table.ts";

/** Two results folders side by side. */
export interface Comparison {
  /** What they were run with where it differs: what, in the first, in the second. */
  settings: [what: string, first: string, second: string][];
  /** What models were computed on in each, where that differs; null where it is the same. */
  devices: [first: string, second: string] | null;
  /** One row for each cell that either has. */
  pairs: Pair[];
}

/** A cell of two results folders. */
interface Pair {
  name: string;
  /** Null where a folder has no such cell. */
  a: Measured | null;
  b: Measured | null;
  /** B's perplexity over A's, paired by chunk; null where the chunks are of different texts, or were computed on different devices. */
  ratio: Estimate | null;
  /** In its place where devices differ: how far the likelihood of a chunk moves at most, in nats a token. */
  farthest: number | null;
}

interface ComparedColumn {
  name: string;
  /** Heading on the terminal; absent for a column that only CSV has. */
  heading?: string;
  of(pair: Pair): Value;
}

const both = "both";

/** What two folders say of a column, rounded as in cells.csv. */
function sides(column: string, { name = column, heading }: { name?: string; heading?: string } = {}): ComparedColumn[] {
  return (["a", "b"] as const).map((side) => ({
    name: `${name}_${side}`,
    ...(heading !== undefined && { heading: `${heading} ${side.toUpperCase()}` }),
    of: ({ [side]: cell }) => cell && shownNumber(column, cell),
  }));
}

const columns: readonly ComparedColumn[] = [
  { name: "cell", heading: "cell", of: ({ name }) => name },
  { name: "status", of: statusOf },
  { name: "conf_differs", of: ({ a, b }) => a && b && String(a.record.conf !== b.record.conf) },
  ...sides("bpw_file"),
  ...sides("bpw_quantized", { heading: "quantized bits" }),
  ...sides("ppl", { heading: "PPL" }),
  { name: "ppl_difference_percent", heading: "B/A, %", of: ({ a, b }) => (a && b && chunksOf(a) === chunksOf(b) ? rounded(100 * (b.record.perplexity.ppl / a.record.perplexity.ppl - 1), 4) : null) },
  { name: "ppl_ratio_low", heading: "low", of: ({ ratio }) => rounded(ratio?.low, 6) },
  { name: "ppl_ratio_high", heading: "high", of: ({ ratio }) => rounded(ratio?.high, 6) },
  ...sides("kld", { heading: "KLD" }),
  ...sides("entropy"),
  ...sides("tokens_per_s"),
];

const farthest: ComparedColumn = { name: "nll_largest_difference", heading: "largest chunk Δ, nats", of: (pair) => rounded(pair.farthest, 5) };

function columnsOf({ devices }: Comparison): ComparedColumn[] {
  return [...columns, ...(devices ? [farthest] : [])];
}

/** What the terminal shows: a cell's status stands last, and only where it is not in both. */
function shownOf(comparison: Comparison): (ComparedColumn & { heading: string })[] {
  return [
    ...columnsOf(comparison).filter((column): column is ComparedColumn & { heading: string } => column.heading !== undefined),
    { name: "status", heading: "", of: (pair) => (statusOf(pair) === both ? "" : statusOf(pair)) },
  ];
}

function chunksOf({ record }: Measured): number {
  return record.perplexity.chunks.length;
}

function statusOf({ a, b }: Pair): string {
  return a && b ? both : a ? "only in A" : "only in B";
}

/**
 * Set two results folders side by side, by the names of their cells. The ratio of perplexities has a 95 %
 * confidence interval where both were measured on the same text in the same chunks on the same kind of device, and none
 * elsewhere: what devices round otherwise would be taken for what cells do.
 */
export function compareResults(first: Results, second: Results): Comparison {
  const [left, right] = [byName(first), byName(second)];
  const devices = [deviceOf(first.plan), deviceOf(second.plan)] as const;
  const [sameDevice, sameChunks] = [devices[0] === devices[1], first.plan.text.sha256 === second.plan.text.sha256 && first.plan.parameters.context === second.plan.parameters.context];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return {
    devices: sameDevice ? null : [...devices],
    settings: differences(flat(determining(first)), flat(determining(second))),
    pairs: names.map((name) => {
      const [a, b] = [left.get(name) ?? null, right.get(name) ?? null];
      const chunks = a && b && sameChunks ? ([a.record.perplexity.chunks, b.record.perplexity.chunks] as const) : null;
      return { name, a, b, ratio: chunks && sameDevice ? perplexityRatio(...chunks) : null, farthest: chunks && !sameDevice ? largestDifference(...chunks) : null };
    }),
  };
}

/** The comparison as a table for CSV. */
export function comparisonSheet(comparison: Comparison): Sheet {
  const columns = columnsOf(comparison);
  return { columns: columns.map(({ name }) => name), rows: comparison.pairs.map((pair) => columns.map(({ of }) => of(pair))) };
}

function byName(results: Results): Map<string, Measured> {
  return new Map(measured(results).map((cell) => [cell.cell.name, cell]));
}

/** What determines the results, and where they were made; not when, nor by which command line. */
function determining(results: Results): object {
  const { argv: _argv, date: _date, study, model, text, build, ...others } = settingsOf(results);
  const content = ({ name, sha256 }: Plan["model"]): object => ({ name, sha256 });
  return { study: study.name, model: content(model), text: content(text), build: { ...build, cmakeFlags: build.cmakeFlags.join(" ") }, ...others };
}

function flat(value: unknown, prefix = ""): Map<string, string> {
  if (typeof value !== "object" || value === null) return new Map([[prefix, value === null ? "–" : String(value)]]);
  return new Map(Object.entries(value).flatMap(([name, part]) => [...flat(part, prefix ? `${prefix}.${name}` : name)]));
}

function differences(first: Map<string, string>, second: Map<string, string>): Comparison["settings"] {
  const names = [...new Set([...first.keys(), ...second.keys()])];
  return names
    .map((name): [string, string, string] => [name, first.get(name) ?? "–", second.get(name) ?? "–"])
    .filter(([, left, right]) => left !== right);
}

/** A comparison as text for a terminal. */
export function comparisonText(comparison: Comparison): string {
  const { settings, devices, pairs } = comparison;
  const heading = settings.length === 0 ? ["settings: the same"] : ["settings that differ:", alignedTable([["", "A", "B"], ...settings.map(([what, left, right]) => [`  ${what}`, shortened(what, left, right), shortened(what, right, left)])], () => false)];
  if (devices) heading.push(`computed on different devices, so that no ratio has an interval: A on ${devices[0]}, B on ${devices[1]}`);
  const used = shownOf(comparison).filter(({ name, of }) => name === "status" || pairs.some((pair) => of(pair) !== null));
  const lines = pairs.map((pair) => used.map(({ of }) => cellText(of(pair))));
  return [...heading, "", alignedTable([used.map(({ heading: title }) => title), ...lines], (column) => column > 0)].join("\n");
}

function cellText(value: Value): string {
  return typeof value === "number" ? readable(value, 5) : (value ?? "");
}

/** Settings that are lists of words, of which those in both say nothing. */
const wordLists = ["build.cmakeFlags", "build.features"];

function shortened(what: string, text: string, other: string): string {
  if (wordLists.includes(what)) {
    const others = new Set(other.split(" "));
    return ["…", ...text.split(" ").filter((word) => !others.has(word))].join(" ");
  }
  return /^[0-9a-f]{40,}$/.test(text) ? text.slice(0, 12) : text;
}
