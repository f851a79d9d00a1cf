import { mkdir } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import { stringify } from "csv-stringify/sync";
import { writeAtomic } from "../writeAtomic.ts";
import { mostForOthers, type Distribution, type Ratio } from "./ratios.ts";
import { isGivenUp, mostThrownAway } from "./rounds.ts";
import { measures } from "./rows.ts";
import { subjectNamed } from "./subjects.ts";
import { countPairs } from "./summary.ts";
import { wantedText } from "./table.ts";
import type { BenchOutcome, BenchRequest } from "./types.ts";

/**
 * Writes every single measurement, the table with all of each ratio's distribution, and what it was
 * measured on.
 *
 * @returns the paths
 */
export async function writeBench(folder: string, outcome: BenchOutcome, request: BenchRequest, argv: readonly string[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const contents = {
    "ratios.csv": stringify(ratioRows(outcome.ratios, request.repeats)),
    "measurements.csv": stringify(measurementRows(outcome)),
    "manifest.json": `${JSON.stringify(manifest(outcome, request, argv), null, 2)}\n`,
  };
  const files: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    files.push(path.join(folder, name));
    await writeAtomic(files.at(-1)!, content);
  }
  return files;
}

const statistics = ["lowest", "lowerQuartile", "median", "upperQuartile", "highest"] as const satisfies (keyof Distribution)[];

function ratioRows(ratios: readonly Ratio[], repeats: number): (string | number | undefined)[][] {
  const head = ["model", "measure", "unit", "patched", "upstream", "patched_median", "upstream_median", "pairs",
    "ratio_lowest", "ratio_lower_quartile", "ratio_median", "ratio_upper_quartile", "ratio_highest", "interval_low", "interval_high", "wanted", "holds", "decided",
    "thrown_away", "given_up"];
  const answer = (value: boolean | null): string => (value === null ? "" : value ? "yes" : "no");
  return [head, ...ratios.map((line) => {
    const { model, row, patched, upstream, ratio, interval } = line;
    return [
      model, row.measure, measures[row.measure].unit, row.patched, row.upstream, patched?.median, upstream?.median, ratio?.count ?? 0,
      ...statistics.map((name) => ratio?.[name]), interval?.low, interval?.high,
      wantedText(row.wanted), answer(line.holds), answer(line.decided), line.thrownAway, answer(isGivenUp(line, repeats)),
    ];
  })];
}

/** One line a measurement, in the order of time, also of those thrown away; quantizing also in tensors per second. */
function measurementRows({ measurements, models }: BenchOutcome): (string | number | null)[][] {
  const head = ["model", "measure", "subject", "variant", "round", "position", "value", "unit", "others"];
  return [head, ...measurements.flatMap(({ model, measure, subject, round, position, value, others }) => {
    const line = (number: number, unit: string): (string | number | null)[] => [model, measure, subject, subjectNamed(subject).variant, round, position, number, unit, others];
    const source = models.find(({ name }) => name === model);
    const tensors = measure === "quantize" && source ? [line((source.tensors * value * 1e9) / source.bytes, "tensors/s")] : [];
    return [line(value, measures[measure].unit), ...tensors];
  })];
}

function manifest(outcome: BenchOutcome, request: BenchRequest, argv: readonly string[]): object {
  const { builds, load, models } = outcome;
  const { counted, thrownAway } = countPairs(outcome.ratios);
  return {
    date: new Date().toISOString(),
    argv,
    threads: request.threads,
    repeats: request.repeats,
    machine: { cpu: builds.patched.cpu, processors: cpus().length, memory_bytes: totalmem(), platform: process.platform, load_when_started: load },
    ...(outcome.device && { device: { name: outcome.device.asked, line: outcome.device.line, driver: outcome.device.driver, memory_bytes: outcome.device.totalBytes } }),
    node: process.version,
    models: models.map(({ file, ...model }) => ({ ...model, file: path.basename(file) })),
    builds: Object.values(builds).map(({ variant, release, key, tree, libraryHash, compiler, cmakeFlags }) => (
      { variant, release, key, tree, library_sha256: libraryHash, compiler, cmake_flags: cmakeFlags }
    )),
    others: {
      most_share: mostForOthers,
      measurements_unknown: outcome.measurements.filter(({ others }) => others === null).length,
      pairs_counted: counted,
      pairs_thrown_away: thrownAway,
      most_thrown_away_of_a_row: mostThrownAway(request.repeats),
    },
  };
}
