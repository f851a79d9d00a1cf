import { median } from "simple-statistics";
import type { Rate, RateOf } from "../../store/rates.ts";

/** How long something will take, as far as that is known. */
export interface Expected {
  /** Null when nothing of the kind was run on this machine. */
  seconds: number | null;
  /** How many times more, or less, work that what it was told from; 1 for the same. */
  stretch: number;
}

/** What a difference costs in the choice of what is nearest, in units of a factor e of work. */
const costs = { otherKind: 2, otherType: 6, compared: 1, otherThreads: 4 };

/** Work that is much the same: by this factor at most. */
const alike = 2;

/**
 * How long something takes, from the run most like it: time goes with the work, and against the threads. What was run of
 * another kind is stretched by what the two kinds took where both were run on the same, such as a smaller model.
 */
export function expectedSeconds(rates: readonly Rate[], asked: RateOf): Expected {
  const same = rates.filter(({ of }) => of === asked.of);
  const candidates = same.map((rate) => ({ rate, ...comparison(same, rate, asked) }));
  const nearest = candidates.sort((left, right) => left.distance - right.distance)[0];
  if (!nearest) return { seconds: asked.work === 0 ? 0 : null, stretch: 1 };
  const { rate, slower } = nearest;
  const ratio = rate.work > 0 ? asked.work / rate.work : 1;
  return { seconds: median(rate.seconds) * slower * ratio * (rate.threads / asked.threads), stretch: Math.max(ratio, 1 / Math.max(ratio, 1e-9)) };
}

/** How far a rate is from what is asked, and how many times longer what is asked takes for its kind. */
function comparison(rates: readonly Rate[], rate: Rate, asked: RateOf): { distance: number; slower: number } {
  const elsewhere = (rate.threads === asked.threads ? 0 : costs.otherThreads) + distanceInWork(rate, asked);
  if (rate.kind === asked.kind) return { distance: elsewhere, slower: 1 };
  const slower = slownessOf(rates, asked, rate);
  if (slower !== null) return { distance: elsewhere + costs.compared, slower };
  return { distance: elsewhere + (typeOf(rate) === typeOf(asked) ? costs.otherKind : costs.otherType), slower: 1 };
}

/** How many times longer one kind takes than another; null where they were never run on much the same. */
function slownessOf(rates: readonly Rate[], one: RateOf, other: RateOf): number | null {
  const ofKind = ({ kind }: RateOf): Rate[] => rates.filter((rate) => rate.kind === kind);
  const pairs = ofKind(one).flatMap((left) => ofKind(other).flatMap((right) => (left.threads === right.threads && distanceInWork(left, right) < Math.log(alike) ? [{ left, right }] : [])));
  const largest = pairs.sort((a, b) => b.left.work - a.left.work)[0];
  return largest ? speed(largest.right) / speed(largest.left) : null;
}

function speed({ work, seconds }: Rate): number {
  return (work + 1) / Math.max(median(seconds), 1e-3);
}

function distanceInWork(one: RateOf, other: RateOf): number {
  return Math.abs(Math.log((one.work + 1) / (other.work + 1)));
}

function typeOf({ kind }: RateOf): string {
  return kind.split(" ")[0]!;
}
