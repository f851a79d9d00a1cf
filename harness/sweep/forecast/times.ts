import type { Rate, RateOf } from "../../store/rates.ts";
import { median } from "simple-statistics";

/** How long something will take, as far as that is known. */
export interface Expected {
  /** Null when nothing of the kind was run on this machine. */
  seconds: number | null;
  /** How many times more, or less, work that what it was told from; 1 for the same. */
  stretch: number;
}

/** What a difference costs in the choice of what is nearest, in units of a factor e of work. */
const costs = { otherKind: 2, otherType: 6, otherThreads: 4 };

/** How long something takes, from the run most like it: time goes with the work, and against the threads. */
export function expectedSeconds(rates: readonly Rate[], asked: RateOf): Expected {
  const nearest = rates.filter(({ of }) => of === asked.of).map((rate) => ({ rate, distance: distanceOf(rate, asked) })).sort((left, right) => left.distance - right.distance)[0]?.rate;
  if (!nearest) return { seconds: asked.work === 0 ? 0 : null, stretch: 1 };
  const ratio = nearest.work > 0 ? asked.work / nearest.work : 1;
  return { seconds: median(nearest.seconds) * ratio * (nearest.threads / asked.threads), stretch: Math.max(ratio, 1 / Math.max(ratio, 1e-9)) };
}

function distanceOf(rate: Rate, asked: RateOf): number {
  const type = ({ kind }: { kind: string }): string => kind.split(" ")[0]!;
  const kind = rate.kind === asked.kind ? 0 : type(rate) === type(asked) ? costs.otherKind : costs.otherType;
  return kind + (rate.threads === asked.threads ? 0 : costs.otherThreads) + Math.abs(Math.log((rate.work + 1) / (asked.work + 1)));
}
