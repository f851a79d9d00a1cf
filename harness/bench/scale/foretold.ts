import { median, quantile } from "simple-statistics";
import type { Rate } from "../../store/rates.ts";
import { expectedSeconds } from "../../sweep/forecast/times.ts";

/** A time that was measured, and what plans would have said of it from runs on models of other sizes. */
export interface Foretold {
  of: string;
  seconds: number;
  /** From less work alone, as is done for a large model. */
  fromSmaller: number | null;
  /** How many times less work that was. */
  stretch: number;
}

/** Work of which a time is taken for one of another size. */
const apart = 3;

/** Runs shorter than that are starting programs more than anything else. */
const shortest = 1;

/** Times that were measured, each held against what smaller runs foretell. */
export function foretold(rates: readonly Rate[]): Foretold[] {
  return rates.filter(({ seconds, work }) => work > 0 && median(seconds) >= shortest).map((rate) => {
    const { machine: _machine, seconds: took, ...asked } = rate;
    const smaller = rates.filter((other) => other.work * apart <= rate.work && median(other.seconds) >= shortest);
    const { seconds, stretch } = expectedSeconds(smaller, asked);
    return { of: asked.of, seconds: median(took), fromSmaller: seconds, stretch };
  });
}

/** How well the times of a kind of step were foretold. */
export interface Trust {
  of: string;
  runs: number;
  /** By what factor they are off, up or down: of half of them by less, and of nine in ten. */
  half: number;
  most: number;
}

/** The same by kind of step. */
export function trust(told: readonly Foretold[]): Trust[] {
  const factors = new Map<string, number[]>();
  for (const { of, seconds, fromSmaller } of told) if (fromSmaller) factors.set(of, [...(factors.get(of) ?? []), Math.max(fromSmaller / seconds, seconds / fromSmaller)]);
  return [...factors].map(([of, all]) => ({ of, runs: all.length, half: quantile(all, 0.5), most: quantile(all, 0.9) }));
}
