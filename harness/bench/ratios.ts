import { medianInterval, type Interval } from "../analysis/medianInterval.ts";
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
  /** Share of all processors' time that other processes took meanwhile, 0 to 1; null where it is unknown. */
  others: number | null;
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

/** A line of the table with its numbers, without what was thrown away; those that could not be measured are null. */
export interface Ratio {
  model: string;
  row: Row;
  patched: Distribution | null;
  upstream: Distribution | null;
  /** Patched ÷ upstream of measurements that follow one another. */
  ratio: Distribution | null;
  /** Where the median lies that the verdict is about: of the ratio, or of the patched build's values; null of fewer than six pairs. */
  interval: Interval | null;
  /** Whether what is wanted holds for that median; null without a pair. */
  holds: boolean | null;
  /** Whether there is an interval, and all of it says the same as the median; null where nothing could be measured. */
  decided: boolean | null;
  /** Pairs that do not count, because others took too much of the processors during one of their sides. */
  thrownAway: number;
}

/** Measurements during which other processes took more of the processors than this share are thrown away. */
export const mostForOthers = 0.1;

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
  const pairs = patched.flatMap((one) => upstream.filter((other) => follow(one, other)).map((other) => [one, other] as const));
  const calm = pairs.filter((pair) => pair.every(isCalm));
  const thrownAway = pairs.length - calm.length;
  const values = (list: Measurement[]): number[] => list.filter(isCalm).map(({ value }) => value);
  const ratios = calm.map(([one, other]) => one.value / other.value);
  const decisive = row.wanted.of === "value" ? calm.map(([one]) => one.value) : ratios;
  return {
    model, row, patched: distribution(values(patched)), upstream: distribution(values(upstream)), ratio: distribution(ratios),
    ...(decisive.length > 0 ? judge(row, decisive) : { interval: null, holds: null, decided: thrownAway > 0 ? false : null }),
    thrownAway,
  };
}

function follow(one: Measurement, other: Measurement): boolean {
  return one.round === other.round && Math.abs(one.position - other.position) === 1;
}

function isCalm({ others }: Measurement): boolean {
  return others === null || others <= mostForOthers;
}

function judge({ wanted }: Row, values: readonly number[]): Pick<Ratio, "interval" | "holds" | "decided"> {
  const suits = (value: number): boolean => value >= (wanted.atLeast ?? -Infinity) && value <= (wanted.atMost ?? Infinity);
  const { median, interval } = medianInterval(values);
  return { interval, holds: suits(median), decided: interval !== null && suits(interval.low) === suits(interval.high) };
}
