import { stat } from "node:fs/promises";
import { loadavg } from "node:os";
import path from "node:path";
import { ensureBuild, type Build, type Variant } from "../build/build.ts";
import { cacheFolder } from "../paths.ts";
import { selectByName } from "../run/only.ts";
import { withScratch } from "../scratch.ts";
import { makeQuantized, measureLoad, measureQuantize, measureSpeed, quantizedFile, type Instrument, type Setting } from "./instruments.ts";
import { ratioOf, type Measurement, type Ratio } from "./ratios.ts";
import { rows, type Measure, type Row } from "./rows.ts";
import { describeModel, ensureSourceModel, type Params, type SourceModel } from "./sourceModel.ts";
import { subjectNamed, type Subject } from "./subjects.ts";
import { roundsFor, turns } from "./turns.ts";

/** What to measure. */
export interface BenchRequest {
  params: readonly Params[];
  /** A model in F16 to measure on instead of random weights. */
  model?: string | undefined;
  threads: number;
  /** Rounds, each with every subject once; short measurements get more. */
  repeats: number;
  /** Rows to measure, by name: commas between, `*` for any text; all by default. */
  only?: string | undefined;
}

/** Everything that was measured, and on what. */
export interface BenchOutcome {
  ratios: Ratio[];
  measurements: Measurement[];
  builds: Record<Variant, Build>;
  /** How many processes wanted a processor when it began, over one minute. */
  load: number;
  models: SourceModel[];
}

/** Takes what is being done, in words. */
export type BenchReport = (text: string) => void;

interface Kind {
  name: string;
  measures: Measure[];
  instrument: Instrument;
  readsFiles: boolean;
}

const kinds: readonly Kind[] = [
  { name: "quantize", measures: ["quantize", "quantizeMemory"], instrument: measureQuantize, readsFiles: false },
  { name: "load and memory", measures: ["load", "memory"], instrument: measureLoad, readsFiles: true },
  { name: "pp512 and tg64", measures: ["pp512", "tg64"], instrument: measureSpeed, readsFiles: true },
];

/**
 * Measure the patched build against upstream's in one run, by turns.
 *
 * Builds both if need be, and makes its own models: the F16 one stays in the cache, quantized ones are
 * deleted in the end, also of an end by `signal`.
 *
 * @param keep takes everything measured so far, after each model: hours may pass before the next is done
 * @throws UserError when `only` matches no row or a build fails; ProcessError and ParseError when a program
 *   does not do what it should; AbortError when `signal` fires
 */
export async function bench(
  request: BenchRequest,
  report: BenchReport,
  keep: (outcome: BenchOutcome) => Promise<void>,
  signal: AbortSignal,
): Promise<BenchOutcome> {
  const wanted = selectByName(rows, request.only, "row; there are");
  const load = loadavg()[0] ?? 0;
  const builds = { patched: await build("patched", report, signal), upstream: await build("upstream", report, signal) };
  const outcome: BenchOutcome = { ratios: [], measurements: [], builds, load, models: [] };
  for (const source of sources(request, report, signal)) {
    const model = await source;
    outcome.models.push(model);
    const measured = await withScratch(path.join(cacheFolder(), "scratch"), "bench", (folder) =>
      measureModel(wanted, request.repeats, { builds, folder, model, threads: request.threads, signal }, report),
    );
    outcome.measurements.push(...measured);
    outcome.ratios.push(...wanted.map((row) => ratioOf(row, model.name, outcome.measurements)));
    await keep(outcome);
  }
  return outcome;
}

/** Models one by one, so that the second is written when the first is done. */
function* sources({ params, model }: BenchRequest, report: BenchReport, signal: AbortSignal): Generator<Promise<SourceModel>> {
  if (model !== undefined) yield describeModel(path.basename(model, ".gguf"), path.resolve(model));
  else for (const size of params) yield ensureSourceModel(cacheFolder(), size, signal, report);
}

async function build(variant: Variant, report: BenchReport, signal: AbortSignal): Promise<Build> {
  return ensureBuild(variant, {
    signal,
    report: (text, fraction) => report(`build: ${text}${fraction === undefined ? "" : ` ${Math.floor(100 * fraction)} %`}`),
  });
}

async function measureModel(wanted: readonly Row[], repeats: number, setting: Setting, report: BenchReport): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { name, measures, instrument, readsFiles } of kinds) {
    const own = wanted.filter(({ measure }) => measures.includes(measure));
    const names = new Set(own.flatMap(({ patched, upstream }) => [upstream, patched]));
    const subjects = [...names].map(subjectNamed);
    if (subjects.length === 0) continue;
    if (readsFiles) await makeFiles(subjects, setting, report);
    const say = (text: string): void => report(`${setting.model.name}: ${name}: ${text}`);
    const rounds = await rehearse(subjects, repeats, instrument, setting, say);
    for (const [index, { subject, round }] of turns(subjects, rounds).entries()) {
      say(`round ${round} of ${rounds}: ${subject.name}`);
      const values = Object.entries(await instrument(subject, setting)) as [Measure, number][];
      measurements.push(...values.map(([measure, value]) => ({ model: setting.model.name, measure, subject: subject.name, round, position: index + 1, value })));
    }
  }
  return measurements;
}

/** Runs everything once for nothing, so that files are in memory, and to see how long it takes. */
async function rehearse(subjects: readonly Subject[], repeats: number, instrument: Instrument, setting: Setting, say: BenchReport): Promise<number> {
  const start = performance.now();
  for (const subject of subjects) {
    say(`warming up: ${subject.name}`);
    await instrument(subject, setting);
  }
  return roundsFor(repeats, (performance.now() - start) / 1000 / subjects.length);
}

async function makeFiles(subjects: readonly Subject[], setting: Setting, report: BenchReport): Promise<void> {
  for (const subject of subjects) {
    const exists = await stat(quantizedFile(subject, setting)).then(() => true, () => false);
    if (exists) continue;
    const maker = subjectNamed(subject.file ?? subject.name);
    report(`${setting.model.name}: quantizing for ${maker.name}`);
    await makeQuantized(maker, setting);
  }
}
