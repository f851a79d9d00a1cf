import { fewestForInterval } from "../analysis/medianInterval.ts";
import { mostForOthers, type Ratio } from "./ratios.ts";
import { isGivenUp, mostThrownAway } from "./rounds.ts";
import type { BenchOutcome } from "./types.ts";

/** Pairs of all rows: those that count, and those that other processes spoiled. */
export function countPairs(ratios: readonly Ratio[]): { counted: number; thrownAway: number } {
  const sum = (count: (line: Ratio) => number): number => ratios.reduce((total, line) => total + count(line), 0);
  return { counted: sum(({ ratio }) => ratio?.count ?? 0), thrownAway: sum(({ thrownAway }) => thrownAway) };
}

/** What is to be said below the table, by line: what holds, what is undecided and why, what was thrown away. */
export function summary({ ratios, measurements }: Pick<BenchOutcome, "ratios" | "measurements">, repeats: number): string[] {
  const unmeasured = ratios.filter(({ decided }) => decided === null).length;
  return [
    ...(unmeasured > 0 ? [`${unmeasured} of ${ratios.length} rows could not be measured: their programs end too soon; give a larger model`] : []),
    ...verdicts(ratios, repeats),
    ...othersLines(ratios, measurements.map(({ others }) => others)),
  ];
}

function verdicts(ratios: readonly Ratio[], repeats: number): string[] {
  const decided = ratios.filter((line) => line.decided);
  const undecided = ratios.filter((line) => line.decided === false);
  const failed = decided.filter(({ holds }) => !holds).length;
  const givenUp = undecided.filter((line) => isGivenUp(line, repeats)).length;
  const lines: string[] = [];
  if (failed > 0) lines.push(`${failed} of ${ratios.length} rows do not hold`);
  else if (decided.length === 0) lines.push("no row is decided");
  else lines.push(undecided.length > 0 ? "every row that is decided holds" : "everything holds that is wanted and was measured");
  if (undecided.length > 0) lines.push(`${undecided.length} rows are undecided, which a question mark says: give more --repeats, on a quieter machine`);
  if (givenUp > 0) lines.push(`${givenUp} of them were given up after ${mostThrownAway(repeats)} of their pairs were thrown away`);
  if (repeats < fewestForInterval) lines.push(`--repeats ${repeats} leaves rows undecided: fewer than ${fewestForInterval} pairs decide nothing, so rows go on to ${fewestForInterval}`);
  return lines;
}

function othersLines(ratios: readonly Ratio[], others: readonly (number | null)[]): string[] {
  const { counted, thrownAway } = countPairs(ratios);
  const share = `${100 * mostForOthers} % of the processors`;
  const unknown = others.filter((one) => one === null).length;
  return [
    thrownAway === 0 ? "no pair was thrown away" : `${thrownAway} of ${counted + thrownAway} pairs were thrown away: other processes took more than ${share} meanwhile`,
    ...(unknown > 0 ? [`what other processes took is unknown of ${unknown} of ${others.length} values, whose pairs count: only Linux tells, and not of what ends too soon`] : []),
  ];
}
