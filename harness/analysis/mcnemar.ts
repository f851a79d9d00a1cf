/** Two models on the same tasks. */
export interface PairedTasks {
  tasks: number;
  /** Tasks that only the first, or only the second, got right. */
  onlyFirst: number;
  onlySecond: number;
  /** Share of tasks that each got right, 0 to 1. */
  firstAccuracy: number;
  secondAccuracy: number;
  /** The second's accuracy minus the first's. */
  difference: number;
  /** Its standard error, paired: √(b + c − (b − c)² ∕ n) ∕ n. */
  standardError: number;
  /** Two-sided p-value of equal accuracy: the exact binomial one, which is never too small and often too large. */
  exactProbability: number;
  /**
   * The mid-p-value: the exact one less the probability of what was observed, or less half of that where both got
   * equally many alone right. The one to report: close to its nominal level at all sizes, where a continuity
   * correction is as conservative as the exact test (Fagerland, Lydersen and Laake 2013, "The McNemar test for
   * binary matched-pairs data", BMC Med. Res. Methodol. 13:91). 1 where the models never differ.
   */
  midProbability: number;
}

/** Two-sided exact and mid-p-value of `fewer` heads, at most half of them, in `throws` throws of a fair coin. */
function binomialTest(fewer: number, throws: number): { exact: number; mid: number } {
  if (throws === 0) return { exact: 1, mid: 1 };
  let logarithm = -throws * Math.LN2;
  for (let index = 1; index <= fewer; index++) logarithm += Math.log((throws - fewer + index) / index);
  const observed = Math.exp(logarithm);
  let tail = 0;
  for (let heads = fewer, term = observed; heads >= 0 && term > 0; heads--) {
    tail += term;
    term *= heads / (throws - heads + 1);
  }
  return 2 * fewer === throws ? { exact: 1, mid: 1 - observed / 2 } : { exact: Math.min(1, 2 * tail), mid: 2 * tail - observed };
}

/**
 * McNemar's test: do two models get equally many of the same tasks right? Only tasks on which they differ tell.
 * Exact sums at any number of tasks, no normal approximation.
 * @param first whether the first model got each task right
 * @param second the same of the second, in the same order
 * @throws RangeError when there are not as many of both, or none
 */
export function mcnemar(first: readonly boolean[], second: readonly boolean[]): PairedTasks {
  const tasks = first.length;
  if (tasks !== second.length || tasks === 0) throw new RangeError(`${tasks} and ${second.length} tasks cannot be paired.`);
  const count = (is: (one: boolean, other: boolean) => boolean): number => first.filter((one, index) => is(one, second[index]!)).length;
  const onlyFirst = count((one, other) => one && !other);
  const onlySecond = count((one, other) => !one && other);
  const differing = onlyFirst + onlySecond;
  const { exact, mid } = binomialTest(Math.min(onlyFirst, onlySecond), differing);
  return {
    tasks,
    onlyFirst,
    onlySecond,
    firstAccuracy: count((one) => one) / tasks,
    secondAccuracy: count((_, other) => other) / tasks,
    difference: (onlySecond - onlyFirst) / tasks,
    standardError: Math.sqrt(differing - (onlySecond - onlyFirst) ** 2 / tasks) / tasks,
    exactProbability: exact,
    midProbability: mid,
  };
}
