import { it } from "vitest";

/** What the table of faults says of a row, carried to its reporter with the test. */
export interface FaultRow {
  fault: string;
  /** How many faults the whole row has. */
  number: number;
  tried: number;
  held: number;
}

declare module "vitest" {
  interface TaskMeta {
    faultRow?: FaultRow;
  }
}

/** Values from 0 to below 1, the same in every run of the same fault. */
export type Random = () => number;

const whole = process.env["QUANTFLEX_FAULTS"] === "whole";

/**
 * A row of the table of faults: all of them in `npm run test:faults`, a tenth in `npm test`, always the same tenth.
 * Every chosen fault is tried, whatever became of those before; the test fails with all that did not hold.
 *
 * @param number how many faults the row has; 0 where none can be tried, which is told as skipped
 * @param tryOne tries fault `index` (0 to `number` − 1) and throws where the program does not hold
 */
export function faultRow(fault: string, number: number, tryOne: (index: number, random: Random) => Promise<void>): void {
  const tried = whole ? number : Math.ceil(number / 10);
  it.skipIf(number === 0)(`${fault}: ${tried} of ${number}`, { timeout: tried * 120_000 }, async ({ task }) => {
    const failures: Error[] = [];
    for (const index of shuffled(number).slice(0, tried)) {
      await tryOne(index, seeded(index)).catch((error: unknown) => failures.push(new Error(`fault ${index}: ${String(error)}`, { cause: error })));
    }
    task.meta.faultRow = { fault, number, tried, held: tried - failures.length };
    if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join("\n"));
  });
}

function shuffled(number: number): number[] {
  const random = seeded(number);
  return Array.from({ length: number }, (_, index) => ({ index, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ index }) => index);
}

/** Mulberry32 (Tommy Ettinger): 32 bits of state are enough to choose faults. */
function seeded(seed: number): Random {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
