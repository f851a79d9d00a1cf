import { stat } from "node:fs/promises";
import type { BenchReport } from "./bench.ts";
import { makeQuantized, measureLoad, measureQuantize, measureSpeed, quantizedFile, type Instrument, type Setting } from "./instruments.ts";
import { orderOfRound } from "./order.ts";
import { ratioOf, type Measurement } from "./ratios.ts";
import type { Measure, Row } from "./rows.ts";
import { subjectNamed, type Subject } from "./subjects.ts";

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

/** So many times the rounds wanted, at most. */
const patience = 4;

/**
 * Measures rows on one model: each at least `repeats` rounds, and on until its interval is on one side of
 * what is wanted, or its rounds are four times as many.
 *
 * @param keep takes everything measured on this model so far, after each round
 */
export async function measureModel(
  rows: readonly Row[],
  repeats: number,
  setting: Setting,
  report: BenchReport,
  keep: (measurements: readonly Measurement[]) => Promise<void>,
): Promise<void> {
  const measurements: Measurement[] = [];
  for (const kind of kinds) {
    const own = rows.filter(({ measure }) => kind.measures.includes(measure));
    const say = (text: string): void => report(`${setting.model.name}: ${kind.name}: ${text}`);
    await prepare(own, kind, setting, say);
    let open = own;
    for (let round = 1; open.length > 0; round++) {
      for (const [index, subject] of orderOfRound(open, round).entries()) {
        say(`round ${round} of ${round > repeats ? `at most ${patience * repeats}, ${open.length} of ${own.length} rows undecided` : repeats}: ${subject}`);
        const values = Object.entries(await kind.instrument(subjectNamed(subject), setting)) as [Measure, number][];
        measurements.push(...values.map(([measure, value]) => ({ model: setting.model.name, measure, subject, round, position: index + 1, value })));
      }
      await keep(measurements);
      if (round >= repeats) open = open.filter((row) => round < patience * repeats && !ratioOf(row, setting.model.name, measurements).decided);
    }
  }
}

/** Makes the files, and runs everything once for nothing, so that they are in memory. */
async function prepare(rows: readonly Row[], { instrument, readsFiles }: Kind, setting: Setting, say: BenchReport): Promise<void> {
  const subjects = [...new Set(rows.flatMap(({ patched, upstream }) => [upstream, patched]))].map(subjectNamed);
  if (readsFiles) await makeFiles(subjects, setting, say);
  for (const subject of subjects) {
    say(`warming up: ${subject.name}`);
    await instrument(subject, setting);
  }
}

async function makeFiles(subjects: readonly Subject[], setting: Setting, say: BenchReport): Promise<void> {
  for (const subject of subjects) {
    const exists = await stat(quantizedFile(subject, setting)).then(() => true, () => false);
    if (exists) continue;
    const maker = subjectNamed(subject.file ?? subject.name);
    say(`quantizing for ${maker.name}`);
    await makeQuantized(maker, setting);
  }
}
