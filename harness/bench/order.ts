import type { Row } from "./rows.ts";

/** The two sides of a row. */
export type Pair = Pick<Row, "patched" | "upstream">;

/**
 * The order of one round's measurements: the sides of each pair come one right after the other, so that
 * a machine that gets slower or faster does so to both alike. What two pairs share is measured once for
 * both where it can stand between their other sides. Every second round goes backwards.
 *
 * @param round from 1
 * @returns names of subjects, some of them several times
 */
export function orderOfRound(pairs: readonly Pair[], round: number): string[] {
  const open = pairs.filter((pair, index) => pairs.findIndex((other) => isSame(pair, other)) === index);
  const order: string[] = [];
  while (open.length > 0) {
    const last = order.at(-1);
    const continuing = open.findIndex(({ patched, upstream }) => patched === last || upstream === last);
    const [{ patched, upstream }] = open.splice(Math.max(0, continuing), 1) as [Pair];
    const sides = open.some((other) => other.patched === patched) ? [upstream, patched] : [patched, upstream];
    order.push(...sides.filter((name) => name !== last));
  }
  return round % 2 === 1 ? order : order.reverse();
}

function isSame(one: Pair, other: Pair): boolean {
  return one.patched === other.patched && one.upstream === other.upstream;
}
