import { fewestForInterval } from "../analysis/medianInterval.ts";
import { orderOfRound } from "./order.ts";
import { ratioOf, type Measurement, type Ratio } from "./ratios.ts";
import type { Measure, Row } from "./rows.ts";
import type { BenchReport } from "./types.ts";

/** What one measurement of a subject gives. */
export interface Reading {
  values: Partial<Record<Measure, number>>;
  /** Share of all processors' time that other processes took meanwhile, 0 to 1; null where it is unknown. */
  others: number | null;
}

/** How {@link measureRounds} measures. */
export interface RoundsSetting {
  /** Name of the model. */
  model: string;
  /** Pairs of each row at least. */
  repeats: number;
  /** Measures the subject by that name once. */
  measure(subject: string): Promise<Reading>;
  say: BenchReport;
  /** Takes everything measured so far, after each round. */
  keep(measurements: readonly Measurement[]): Promise<void>;
}

/** So many times the pairs wanted, at most. */
const patience = 4;

/** Pairs of an undecided row that count, at most. */
function mostPairs(repeats: number): number {
  return Math.max(patience * repeats, fewestForInterval);
}

/** Pairs of a row that are thrown away before it is given up. */
export function mostThrownAway(repeats: number): number {
  return 2 * Math.max(repeats, fewestForInterval);
}

/** Whether a row was left undecided because too many of its pairs were thrown away. */
export function isGivenUp({ decided, thrownAway }: Ratio, repeats: number): boolean {
  return decided === false && thrownAway >= mostThrownAway(repeats);
}

/**
 * Measures rows that one instrument measures, round by round: each until it has `repeats` pairs that count
 * and is decided, has {@link mostPairs}, or {@link mostThrownAway} of its pairs were thrown away.
 */
export async function measureRounds(rows: readonly Row[], { model, repeats, measure, say, keep }: RoundsSetting): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const most = mostPairs(repeats) + mostThrownAway(repeats);
  let open = rows;
  for (let round = 1; open.length > 0; round++) {
    const last = round > repeats ? `at most ${most}, ${open.length} of ${rows.length} rows open` : repeats;
    for (const [index, subject] of orderOfRound(open, round).entries()) {
      say(`round ${round} of ${last}: ${subject}`);
      const { values, others } = await measure(subject);
      for (const [name, value] of Object.entries(values) as [Measure, number][]) {
        measurements.push({ model, measure: name, subject, round, position: index + 1, value, others });
      }
    }
    await keep(measurements);
    open = open.filter((row) => isOpen(ratioOf(row, model, measurements), round, repeats));
  }
  return measurements;
}

function isOpen({ decided, thrownAway }: Ratio, round: number, repeats: number): boolean {
  const counted = round - thrownAway;
  if (thrownAway >= mostThrownAway(repeats)) return false;
  return counted < repeats || (decided === false && counted < mostPairs(repeats));
}
