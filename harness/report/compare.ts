import { alignedTable } from "../alignedTable.ts";
import { perplexityRatio } from "../analysis/statistics.ts";
import type { Plan } from "../store/plan.ts";
import { type FigureCell, figureData } from "./figures/data.ts";
import { readable } from "./figures/numbers.ts";
import type { Results } from "./load.ts";
import { rounded, type Table } from "./rows.ts";

/** Two results folders side by side. */
export interface Comparison {
  /** What they were run with where it differs: what, in the first, in the second. */
  settings: [what: string, first: string, second: string][];
  /** One row for each cell that either has. */
  table: Table;
}

const columns = [
  "cell", "status", "conf_differs", "bpw_a", "bpw_b", "ppl_a", "ppl_b", "ppl_difference_percent", "ppl_ratio_low", "ppl_ratio_high",
  "kld_a", "kld_b", "entropy_a", "entropy_b", "tokens_per_s_a", "tokens_per_s_b",
];

/**
 * Set two results folders side by side, by the names of their cells. The ratio of perplexities has a 95 %
 * confidence interval where both were measured on the same text in the same chunks, and none elsewhere.
 */
export function compareResults(first: Results, second: Results): Comparison {
  const [left, right] = [byName(first), byName(second)];
  const pairs = sameChunks(first.plan, second.plan);
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return {
    settings: differences(flat(settingsOf(first.plan)), flat(settingsOf(second.plan))),
    table: { columns, rows: names.map((name) => row(name, left.get(name), right.get(name), pairs)) },
  };
}

function byName(results: Results): Map<string, FigureCell> {
  return new Map(figureData(results).cells.map((cell) => [cell.name, cell]));
}

function sameChunks(first: Plan, second: Plan): boolean {
  return first.text.sha256 === second.text.sha256 && first.parameters.context === second.parameters.context;
}

function row(name: string, left: FigureCell | undefined, right: FigureCell | undefined, pairs: boolean): (string | number | null)[] {
  const ratio = left && right && pairs ? perplexityRatio(left.nll, right.nll) : null;
  const both = <Value>(pick: (cell: FigureCell) => Value | null): [Value | null, Value | null] => [left ? pick(left) : null, right ? pick(right) : null];
  const [before, after] = both(({ perplexity }) => perplexity.value);
  return [
    name,
    left && right ? "both" : left ? "only in A" : "only in B",
    left && right ? String(left.record.conf !== right.record.conf) : null,
    ...both(({ bits }) => rounded(bits, 4)),
    before, after,
    before !== null && after !== null ? rounded(100 * (after / before - 1), 4) : null,
    ratio && rounded(ratio.low, 6), ratio && rounded(ratio.high, 6),
    ...both(({ divergence }) => divergence && divergence.value),
    ...both(({ entropy }) => rounded(entropy, 4)),
    ...both(({ record }) => rounded(record.tokensPerSecond, 1)),
  ];
}

/** What determines the results, and where they were made; not when, nor by which command line. */
function settingsOf({ study, model, text, build, ...rest }: Plan): object {
  const { format: _format, argv: _argv, date: _date, cells: _cells, ...others } = rest;
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
export function comparisonText({ settings, table }: Comparison): string {
  const heading = settings.length === 0 ? ["settings: the same"] : ["settings that differ:", alignedTable([["", "A", "B"], ...settings.map(([what, left, right]) => [`  ${what}`, shortened(left), shortened(right)])], () => false)];
  const shown = ["cell", "bpw_a", "bpw_b", "ppl_a", "ppl_b", "ppl_difference_percent", "ppl_ratio_low", "ppl_ratio_high", "kld_a", "kld_b", "status"];
  const titles = ["cell", "bits A", "bits B", "PPL A", "PPL B", "B/A, %", "low", "high", "KLD A", "KLD B", ""];
  const used = shown.map((name, index) => ({ name, title: titles[index]!, at: table.columns.indexOf(name) })).filter(({ at }) => table.rows.some((row) => row[at] !== null));
  const lines = table.rows.map((row) => used.map(({ at }) => cellText(row[at] ?? null)));
  return [...heading, "", alignedTable([used.map(({ title }) => title), ...lines], (column) => column > 0)].join("\n");
}

function cellText(value: string | number | null): string {
  if (typeof value === "number") return readable(value, 5);
  return value === "both" ? "" : (value ?? "");
}

function shortened(text: string): string {
  return /^[0-9a-f]{40,}$/.test(text) ? text.slice(0, 12) : text;
}
