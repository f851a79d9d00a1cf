import { readFileSync } from "node:fs";
import { processNumbers, statFields } from "../processes.ts";

/** After how long a silence a program is taken for one that hangs, in seconds. */
export const usualStallSeconds = 600;

/** How often is looked within that time. */
const looks = 20;

/** Watches a program for signs of life. */
export interface StallWatch {
  /** The program wrote something. */
  heard(): void;
  end(): void;
}

/**
 * Notices that a group of processes neither writes anything nor takes processor time. Where there is no /proc only what
 * it writes is known: such a system's limit is best set higher. What counts is time in which this program could look: that
 * both were stopped, or the machine asleep, is no silence.
 *
 * @param groupId process group
 * @param seconds of silence; 0 watches for nothing
 * @param onStall called once
 */
export function watchForStall(groupId: number, seconds: number, onStall: () => void): StallWatch {
  let silent = 0;
  let before = -1;
  if (seconds <= 0) return { heard: () => undefined, end: () => undefined };
  const period = seconds / looks;
  const timer = setInterval(() => {
    const ticks = processorTicks(groupId);
    silent = ticks === before ? silent + period : 0;
    before = ticks;
    if (silent < seconds - period / 2) return;
    clearInterval(timer);
    onStall();
  }, 1000 * period);
  return { heard: () => void (silent = 0), end: () => clearInterval(timer) };
}

/** Clock ticks of processor time that the processes of a group, and those of their children that ended, have taken; 0 where there is no /proc. */
function processorTicks(groupId: number): number {
  let ticks = 0;
  for (const processId of processNumbers()) {
    const field = statFields(read(`/proc/${processId}/stat`));
    // pgrp; utime, stime, cutime, cstime
    if (Number(field(5)) === groupId) ticks += [14, 15, 16, 17].reduce((sum, number) => sum + Number(field(number)), 0);
  }
  return ticks;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
