import { quantiles } from "../analysis/statistics.ts";
import type { Measure, Row } from "./rows.ts";

/** A single measured value. */
export interface Measurement {
  /** Name of the model. */
  model: string;
  measure: Measure;
  subject: string;
  /** From 1. */
  round: number;
  /** Position among all measurements of its kind in time, from 1. */
  position: number;
  /** In the measure's unit. */
  value: number;
}

/** Where values lie. */
export interface Distribution {
  lowest: number;
  lowerQuartile: number;
  median: number;
  upperQuartile: number;
  highest: number;
  count: number;
}

/** A line of the table with its numbers; those that could not be measured are null. */
export interface Ratio {
  model: string;
  row: Row;
  patched: Distribution | null;
  upstream: Distribution | null;
  /** Patched ÷ upstream within each round. */
  ratio: Distribution | null;
  /** Whether what is wanted holds for the median; null where nothing is, or it could not be measured. */
  holds: boolean | null;
}

/** Quartiles and extremes; null of no values. */
function distribution(values: readonly number[]): Distribution | null {
  if (values.length === 0) return null;
  const [lowest, lowerQuartile, median, upperQuartile, highest] = quantiles(values, [0, 0.25, 0.5, 0.75, 1]) as [number, number, number, number, number];
  return { lowest, lowerQuartile, median, upperQuartile, highest, count: values.length };
}

/** A row's numbers from the rounds of one model that have both sides. */
export function ratioOf(row: Row, model: string, measurements: readonly Measurement[]): Ratio {
  const valuesOf = (subject: string): Map<number, number> =>
    new Map(measurements.filter((one) => one.model === model && one.measure === row.measure && one.subject === subject).map(({ round, value }) => [round, value]));
  const [patched, upstream] = [valuesOf(row.patched), valuesOf(row.upstream)];
  const ratios = [...patched].flatMap(([round, value]) => (upstream.has(round) ? [value / upstream.get(round)!] : []));
  const line = { model, row, patched: distribution([...patched.values()]), upstream: distribution([...upstream.values()]), ratio: distribution(ratios) };
  return { ...line, holds: line.ratio && verdict(row, (row.wanted?.of === "value" ? line.patched! : line.ratio).median) };
}

function verdict({ wanted }: Row, median: number): boolean | null {
  if (!wanted) return null;
  return median >= (wanted.atLeast ?? -Infinity) && median <= (wanted.atMost ?? Infinity);
}
