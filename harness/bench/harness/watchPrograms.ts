import { readFileSync } from "node:fs";
import path from "node:path";
import type { Interval } from "./intervals.ts";

/** A child process that was seen. */
export interface ProgramRun extends Interval {
  /** Its file's name. */
  program: string;
}

/** Milliseconds between two looks: what begins and ends between them is not seen. */
const pause = 10;

/**
 * Watches which programs a process runs, from outside and by the same clock whatever the process is: its children by
 * Linux's /proc, each from the look that sees it first to the look that sees it no more.
 *
 * @param wanted whether a program of that name and with these arguments counts
 * @returns ends the watch, and gives what was seen
 */
export function watchPrograms(processId: number, wanted: (program: string, argumentList: readonly string[]) => boolean): () => ProgramRun[] {
  const begun = performance.now();
  const runs: ProgramRun[] = [];
  const open = new Map<number, ProgramRun>();
  const look = (): void => {
    const now = (performance.now() - begun) / 1000;
    const children = new Set(childrenOf(processId));
    for (const [child, run] of open) {
      run.end = now;
      if (!children.has(child)) open.delete(child);
    }
    for (const child of children) {
      if (open.has(child)) continue;
      // A child has its parent's name until it becomes its program: the next look may see that.
      const [file = "", ...argumentList] = read(`/proc/${child}/cmdline`).split("\0");
      const program = path.basename(file);
      if (!wanted(program, argumentList)) continue;
      const run = { program, start: now, end: now };
      runs.push(run);
      open.set(child, run);
    }
  };
  const timer = setInterval(look, pause);
  return () => {
    clearInterval(timer);
    look();
    return runs;
  };
}

/** Children of a process's main thread, which is the one that starts programs. */
function childrenOf(processId: number): number[] {
  return read(`/proc/${processId}/task/${processId}/children`).trim().split(/\s+/).filter(Boolean).map(Number);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
