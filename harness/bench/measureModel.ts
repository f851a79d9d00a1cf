import { stat } from "node:fs/promises";
import { makeQuantized, measureLoad, measureQuantize, measureSpeed, quantizedFile, type Instrument, type Setting } from "./instruments.ts";
import type { Measurement } from "./ratios.ts";
import { measureRounds } from "./rounds.ts";
import type { Measure, Row } from "./rows.ts";
import { subjectNamed, type Subject } from "./subjects.ts";
import type { BenchReport } from "./types.ts";

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
 * Measures rows on one model, kind by kind.
 *
 * @param repeats pairs of each row at least
 * @param keep takes everything measured on this model so far, after each round
 */
export async function measureModel(
  rows: readonly Row[],
  repeats: number,
  setting: Setting,
  report: BenchReport,
  keep: (measurements: readonly Measurement[]) => Promise<void>,
): Promise<void> {
  const model = setting.model.name;
  let done: readonly Measurement[] = [];
  for (const kind of kinds) {
    const own = rows.filter(({ measure }) => kind.measures.includes(measure));
    const say = (text: string): void => report(`${model}: ${kind.name}: ${text}`);
    await prepare(own, kind, setting, say);
    const measured = await measureRounds(own, {
      model, repeats, say,
      measure: (subject) => kind.instrument(subjectNamed(subject), setting),
      keep: (more) => keep([...done, ...more]),
    });
    done = [...done, ...measured];
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
