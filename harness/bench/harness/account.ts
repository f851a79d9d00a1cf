import { covered, merged } from "./intervals.ts";
import { isLlamaProgram, type TimedSweep } from "./timedSweep.ts";

/** Where a sweep's time went, in seconds. */
export interface Account {
  /** All of it. */
  wall: number;
  /** While at least one program ran. */
  programs: number;
  /** The rest: the harness itself. */
  own: number;
  /** `own` as a share of `wall`, 0 to 1. */
  share: number;
  /** The same with what compressors ran alone counted as own. */
  shareWithCompressors: number;
  /** By program: how often it ran, and while it did. */
  byProgram: { program: string; runs: number; seconds: number }[];
  /** `own` in three parts: until the first program, between programs, and from the last one's end. */
  before: number;
  between: number;
  after: number;
}

/** Where the time of a sweep went. One that ran no program has it all in `before`. */
export function account({ seconds: wall, runs }: Pick<TimedSweep, "seconds" | "runs">): Account {
  const programs = covered(runs);
  const names = [...new Set(runs.map(({ program }) => program))];
  const stretches = merged(runs);
  const before = stretches[0]?.start ?? wall;
  const after = stretches.length > 0 ? Math.max(0, wall - stretches.at(-1)!.end) : 0;
  const own = Math.max(0, wall - programs);
  return {
    wall, programs, own, before, after,
    share: own / wall,
    shareWithCompressors: Math.max(0, wall - covered(runs.filter(({ program }) => isLlamaProgram(program)))) / wall,
    byProgram: names.map((program) => {
      const ofProgram = runs.filter((run) => run.program === program);
      return { program, runs: ofProgram.length, seconds: covered(ofProgram) };
    }),
    between: Math.max(0, own - before - after),
  };
}

/** Seconds of all runs of a program together. */
export function secondsOf({ runs }: Pick<TimedSweep, "runs">, program: string): number {
  return runs.filter((run) => run.program === program).reduce((sum, { start, end }) => sum + end - start, 0);
}
