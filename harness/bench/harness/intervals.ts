/** A stretch of time, in seconds since some beginning. */
export interface Interval {
  start: number;
  end: number;
}

/** Time that at least one of some stretches covers, in seconds: those that overlap count once. */
export function covered(intervals: readonly Interval[]): number {
  return merged(intervals).reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The same time as stretches that do not touch, in order. */
export function merged(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const { start, end } of [...intervals].sort((left, right) => left.start - right.start)) {
    const last = result.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}
