/** Milliseconds between two looks, and how long files that shall be there are waited for. */
export interface Timing {
  /** At the scheduler's queue. */
  queue: number;
  /** At what tasks left in the store. */
  store: number;
  patience: number;
}

/** As a cluster bears it. */
export const usualTiming: Timing = { queue: 10_000, store: 2_000, patience: 60_000 };
