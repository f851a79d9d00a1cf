import { mkdir } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import { stringify } from "csv-stringify/sync";
import writeFileAtomic from "write-file-atomic";
import { alignedTable } from "../alignedTable.ts";
import type { BenchOutcome, BenchRequest } from "./bench.ts";
import type { Distribution, Ratio } from "./ratios.ts";
import { measures } from "./rows.ts";
import { subjectNamed } from "./subjects.ts";

/**
 * The table as aligned text, a line for each row. The interval holds the true median in 95 of 100 cases
 * or more; a question mark says that it lies on both sides of what is wanted.
 */
export function ratioTable(ratios: readonly Ratio[]): string {
  const head = ["model", "what", "patched", "upstream", "unit", "ratio", "quartiles", "median's 95 %", "wanted", "holds?"];
  return alignedTable([head, ...ratios.map(cells)], (column) => ["patched", "upstream", "ratio"].includes(head[column]!));
}

function cells({ model, row, patched, upstream, ratio, interval, holds, decided }: Ratio): string[] {
  const { unit, decimals } = measures[row.measure];
  const median = (values: Distribution | null): string => values?.median.toFixed(decimals) ?? "";
  return [
    model, row.name, median(patched), median(upstream), unit,
    ratio?.median.toFixed(3) ?? "", range(ratio?.lowerQuartile, ratio?.upperQuartile), range(interval?.low, interval?.high),
    wantedText(row.wanted), holds === null ? "–" : `${holds ? "yes" : "NO"}${decided ? "" : "?"}`,
  ];
}

function range(low: number | undefined, high: number | undefined): string {
  return low === undefined || high === undefined ? "" : `${low.toFixed(3)}…${high.toFixed(3)}`;
}

function wantedText(wanted: Ratio["row"]["wanted"]): string {
  const bound = wanted.atLeast === undefined ? `≤ ${wanted.atMost}` : `≥ ${wanted.atLeast}`;
  return wanted.of === "value" ? `patched ${bound}` : bound;
}

/**
 * Writes every single measurement, the table with all of each ratio's distribution, and what it was
 * measured on.
 *
 * @returns the paths
 */
export async function writeBench(folder: string, outcome: BenchOutcome, request: BenchRequest, argv: readonly string[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const contents = {
    "ratios.csv": stringify(ratioRows(outcome.ratios)),
    "measurements.csv": stringify(measurementRows(outcome)),
    "manifest.json": `${JSON.stringify(manifest(outcome, request, argv), null, 2)}\n`,
  };
  const files: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    files.push(path.join(folder, name));
    await writeFileAtomic(files.at(-1)!, content);
  }
  return files;
}

const statistics = ["lowest", "lowerQuartile", "median", "upperQuartile", "highest"] as const satisfies (keyof Distribution)[];

function ratioRows(ratios: readonly Ratio[]): (string | number | undefined)[][] {
  const head = ["model", "measure", "unit", "patched", "upstream", "patched_median", "upstream_median", "pairs",
    "ratio_lowest", "ratio_lower_quartile", "ratio_median", "ratio_upper_quartile", "ratio_highest", "interval_low", "interval_high", "wanted", "holds", "decided"];
  return [head, ...ratios.map(({ model, row, patched, upstream, ratio, interval, holds, decided }) => [
    model, row.measure, measures[row.measure].unit, row.patched, row.upstream, patched?.median, upstream?.median, ratio?.count ?? 0,
    ...statistics.map((name) => ratio?.[name]), interval?.low, interval?.high,
    wantedText(row.wanted), ...(holds === null ? ["", ""] : [holds ? "yes" : "no", decided ? "yes" : "no"]),
  ])];
}

/** One line a measurement, in the order of time; quantizing also in tensors per second. */
function measurementRows({ measurements, models }: BenchOutcome): (string | number)[][] {
  const head = ["model", "measure", "subject", "variant", "round", "position", "value", "unit"];
  return [head, ...measurements.flatMap(({ model, measure, subject, round, position, value }) => {
    const line = (number: number, unit: string): (string | number)[] => [model, measure, subject, subjectNamed(subject).variant, round, position, number, unit];
    const source = models.find(({ name }) => name === model);
    const tensors = measure === "quantize" && source ? [line((source.tensors * value * 1e9) / source.bytes, "tensors/s")] : [];
    return [line(value, measures[measure].unit), ...tensors];
  })];
}

function manifest({ builds, load, models }: BenchOutcome, request: BenchRequest, argv: readonly string[]): object {
  return {
    date: new Date().toISOString(),
    argv,
    threads: request.threads,
    repeats: request.repeats,
    machine: { cpu: builds.patched.cpu, processors: cpus().length, memory_bytes: totalmem(), platform: process.platform, load_when_started: load },
    node: process.version,
    models: models.map(({ file, ...model }) => ({ ...model, file: path.basename(file) })),
    builds: Object.values(builds).map(({ variant, release, key, tree, libraryHash, compiler, cmakeFlags }) => (
      { variant, release, key, tree, library_sha256: libraryHash, compiler, cmake_flags: cmakeFlags }
    )),
  };
}
