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

/** A run shorter than so many times what starting takes says little of its work, which then counts so many times. */
const short = { starts: 2, counts: 3 };

/** Work that is much the same: by this factor at most. */
const alike = 2;

/**
 * How long something takes, from the run most like it on the same target: time goes with the work, and of what a processor computes against the threads.
 * What was run of another kind is stretched by what the two kinds took where both were run on the same, such as a smaller model.
 */
export function expectedSeconds(rates: readonly Rate[], asked: RateOf): Expected {
  const same = rates.filter(({ of, on }) => of === asked.of && on === asked.on);
  const starting = startOf(same);
  const candidates = same.map((rate) => ({ rate, ...comparison(same, { rate, asked, starting }) }));
  const nearest = candidates.sort((left, right) => left.distance - right.distance)[0];
  if (!nearest) return { seconds: asked.work === 0 ? 0 : null, stretch: 1 };
  const { rate, slower } = nearest;
  const ratio = rate.work > 0 ? asked.work / rate.work : 1;
  const start = Math.min(starting, median(rate.seconds));
  return { seconds: start + (median(rate.seconds) - start) * slower * ratio * fewerThreads(asked, rate), stretch: Math.max(ratio, 1 / Math.max(ratio, 1e-9)) };
}

/** How many times fewer threads; 1 of what a device computes, of which earlier versions have kept the threads too. */
function fewerThreads(asked: RateOf, rate: RateOf): number {
  return rate.threads === null || asked.threads === null ? 1 : rate.threads / asked.threads;
}

/** Seconds that starting takes, whatever there is to do: the shortest run's, but for its own share of work. */
function startOf(rates: readonly Rate[]): number {
  if (rates.length === 0) return 0;
  const [shortest, longest] = [rates.reduce((least, rate) => (median(rate.seconds) < median(least.seconds) ? rate : least)), Math.max(...rates.map(({ work }) => work))];
  return median(shortest.seconds) * (1 - Math.min(1, shortest.work / Math.max(longest, 1)));
}

/** How far a rate is from what is asked, and how many times longer what is asked takes for its kind. */
function comparison(rates: readonly Rate[], { rate, asked, starting }: { rate: Rate; asked: RateOf; starting: number }): { distance: number; slower: number } {
  const counts = median(rate.seconds) < short.starts * starting ? short.counts : 1;
  const elsewhere = (rate.threads === asked.threads ? 0 : costs.otherThreads) + counts * distanceInWork(rate, asked);
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
