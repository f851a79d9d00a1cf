import { medianInterval, type MedianInterval } from "../analysis/medianInterval.ts";
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
  /** Position within the round, from 1. */
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
  /** Patched ÷ upstream of measurements that follow one another. */
  ratio: Distribution | null;
  /** Where the median lies that the verdict is about: of the ratio, or of the patched build's values. */
  interval: MedianInterval | null;
  /** Whether what is wanted holds for that median; null where it could not be measured. */
  holds: boolean | null;
  /** Whether the whole interval says the same as the median. */
  decided: boolean;
}

/** Quartiles and extremes; null of no values. */
function distribution(values: readonly number[]): Distribution | null {
  if (values.length === 0) return null;
  const [lowest, lowerQuartile, median, upperQuartile, highest] = quantiles(values, [0, 0.25, 0.5, 0.75, 1]) as [number, number, number, number, number];
  return { lowest, lowerQuartile, median, upperQuartile, highest, count: values.length };
}

/** A row's numbers from the measurements of one model. */
export function ratioOf(row: Row, model: string, measurements: readonly Measurement[]): Ratio {
  const own = measurements.filter((one) => one.model === model && one.measure === row.measure);
  const of = (subject: string): Measurement[] => own.filter((one) => one.subject === subject);
  const [patched, upstream] = [of(row.patched), of(row.upstream)];
  const ratios = patched.flatMap((one) => upstream.filter((other) => follow(one, other)).map((other) => one.value / other.value));
  const values = (list: Measurement[]): number[] => list.map(({ value }) => value);
  const decisive = row.wanted.of === "value" ? values(patched) : ratios;
  return {
    model, row, patched: distribution(values(patched)), upstream: distribution(values(upstream)), ratio: distribution(ratios),
    ...judge(row, ratios.length > 0 ? medianInterval(decisive) : null),
  };
}

function follow(one: Measurement, other: Measurement): boolean {
  return one.round === other.round && Math.abs(one.position - other.position) === 1;
}

function judge({ wanted }: Row, interval: MedianInterval | null): Pick<Ratio, "interval" | "holds" | "decided"> {
  if (!interval) return { interval, holds: null, decided: true };
  const suits = (value: number): boolean => value >= (wanted.atLeast ?? -Infinity) && value <= (wanted.atMost ?? Infinity);
  return { interval, holds: suits(interval.median), decided: suits(interval.low) === suits(interval.high) };
}
