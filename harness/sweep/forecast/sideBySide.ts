import { total } from "../../analysis/histogram.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import type { Clock } from "./clock.ts";
import { isOfHost } from "./deviceMemory.ts";
import type { CellTodo } from "./todo.ts";

/** Cells that go on at the same time on this machine. */
export interface AtOnce {
  onEachDevice: number;
  /** 1 also for the processor. */
  devices: number;
  processors: number;
}

/**
 * Seconds that cells take when so many go on at the same time: each as soon as one before it has ended. What cells share
 * is made once, while others wait. A device computes for one of its cells at a time, and programs that ask for more threads
 * than there are processors take turns: together they need no less than one after the other.
 *
 * @param onDevice whether models are computed on devices
 */
export function secondsSideBySide(cells: readonly CellTodo[], clock: Clock, { onEachDevice, devices, processors, threads, onDevice }: AtOnce & { threads: number; onDevice: boolean }): number {
  const alone = cells.map((cell) => clock.ofCell(cell).seconds);
  if (onEachDevice * devices === 1) return total(alone);
  const secondsOf = ({ todos }: CellTodo, which: (step: string) => boolean): number => total(todos.filter(({ planned: { step } }) => which(step)).map((todo) => clock.ofStep(todo).seconds));
  const isShared = (step: string): boolean => stepNamed(step).shared === true;
  const shared = cells.map((cell) => secondsOf(cell, isShared));
  const own = alone.map((seconds, index) => Math.max(0, seconds - shared[index]!));
  const ofHost = onDevice ? cells.map((cell) => secondsOf(cell, (step) => !isShared(step) && isOfHost({ step }))) : own;
  const ofDevice = onDevice ? cells.map((cell) => secondsOf(cell, (step) => !isShared(step) && !isOfHost({ step }))) : [];
  const programs = Math.max(1, processors / threads);
  return total(shared) + Math.max(lastEnd(own, onEachDevice * devices), total(ofHost) / programs, total(ofDevice) / devices);
}

/** When the last of what is begun in turn has ended, at so many places. */
function lastEnd(seconds: readonly number[], places: number): number {
  const ends = Array.from({ length: places }, () => 0);
  for (const one of seconds) ends[ends.indexOf(Math.min(...ends))]! += one;
  return Math.max(...ends);
}
