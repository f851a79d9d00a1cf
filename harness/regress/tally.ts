import { UserError } from "../errors.ts";
import { reasonOf } from "../process/reason.ts";
import type { Build } from "../build/build.ts";
import type { Outcome, RegressContext, Verdict } from "./types.ts";

/** Collects what a check compares. */
export interface Tally {
  /** Something that is as it should be. */
  held(): void;
  /** Something that a reader should know and that decides nothing. */
  note(text: string): void;
  warned(text: string): void;
  regressed(text: string): void;
  undecided(text: string): void;
  /** Comparisons made so far, and how many of them failed. */
  counts(): { compared: number; regressed: number };
  /** The verdict over all, with the check's figure. */
  outcome(figure: string): Outcome;
}

/** A tally with nothing in it. Nothing compared is undecided, never a pass. */
export function makeTally(): Tally {
  const details: string[] = [];
  const count = { held: 0, warned: 0, regressed: 0, undecided: 0 };
  const add = (kind: Exclude<keyof typeof count, "held">) => (text: string): void => {
    count[kind]++;
    details.push(`${kind}: ${text}`);
  };
  const counts: Tally["counts"] = () => ({
    compared: count.held + count.warned + count.regressed + count.undecided,
    regressed: count.regressed,
  });
  return {
    held: () => void count.held++,
    note: (text) => void details.push(text),
    warned: add("warned"),
    regressed: add("regressed"),
    undecided: add("undecided"),
    counts,
    outcome: (figure) => {
      if (counts().compared === 0) return { verdict: "undecided", figure, details: [...details, "nothing was compared"] };
      return { verdict: worst((["regressed", "undecided", "warned"] as const).filter((kind) => count[kind] > 0)), figure, details };
    },
  };
}

/** The verdict over several: a regression outweighs what could not be decided, that a warning. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return (["regressed", "undecided", "warned"] as const).find((verdict) => verdicts.includes(verdict)) ?? "holds";
}

/**
 * Does the same with both builds, one after the other or at once. A fault of upstream's program leaves the
 * question open; a fault of the patched one alone is a regression, and the same fault of both is only noted:
 * a release cannot do everything. Each is entered in the tally.
 *
 * @param label names what is compared
 * @param atOnce for tasks of one thread that nobody takes the time of
 * @returns what both gave, or null after a fault
 */
export async function onBoth<T>(
  tally: Tally,
  { upstream, patched, signal }: Pick<RegressContext, "upstream" | "patched" | "signal">,
  label: string,
  task: (build: Build) => Promise<T>,
  atOnce = false,
): Promise<{ upstream: T; patched: T } | null> {
  const start = (build: Build): Promise<{ value: T } | { fault: string }> => attempt(() => task(build), signal);
  const [first, second] = atOnce ? await Promise.all([start(upstream), start(patched)]) : [await start(upstream), await start(patched)];
  if ("fault" in first && "fault" in second && kindOfFault(first.fault) === kindOfFault(second.fault)) return tally.note(`${label}: fails on upstream's build as it does here: ${first.fault}`), null;
  if ("fault" in first) return tally.undecided(`${label}: upstream's program failed: ${first.fault}`), null;
  if ("fault" in second) return tally.regressed(`${label}: ${second.fault}`), null;
  return { upstream: first.value, patched: second.value };
}

/** A crash by its signal, since what a debugger says last differs; else the text, without the numbers of processes. */
function kindOfFault(fault: string): string {
  return /was ended by SIG\w+/.exec(fault)?.[0] ?? fault.replace(/\d+/g, "");
}

/** Runs a task; a fault of a program or of what it printed is told, not thrown. */
export async function attempt<T>(task: () => Promise<T>, signal: AbortSignal): Promise<{ value: T } | { fault: string }> {
  try {
    return { value: await task() };
  } catch (error) {
    if (signal.aborted || !(error instanceof UserError)) throw error;
    return { fault: reasonOf(error) };
  }
}
