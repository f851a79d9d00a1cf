/** One measurement to come. */
export interface Turn<T> {
  subject: T;
  /** From 1. */
  round: number;
}

/**
 * The order of measurements: every subject once a round, forwards and backwards by turns (A B B A …),
 * so that a machine that gets slower or faster does so to all alike.
 */
export function turns<T>(subjects: readonly T[], rounds: number): Turn<T>[] {
  return Array.from({ length: rounds }, (_, index) => {
    const order = index % 2 === 0 ? subjects : [...subjects].reverse();
    return order.map((subject) => ({ subject, round: index + 1 }));
  }).flat();
}

/**
 * How many rounds there should be: short measurements are noisy but cheap, so there are more of them.
 *
 * @param repeats rounds wanted at least
 * @param seconds how long one measurement takes
 */
export function roundsFor(repeats: number, seconds: number): number {
  const enough = 4;
  return repeats * Math.min(4, Math.max(1, Math.ceil(enough / seconds)));
}
