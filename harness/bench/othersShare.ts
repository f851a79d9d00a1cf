/** Processor time in the kernel's clock ticks. */
export interface Snapshot {
  /** Of all processors: everything that passed. */
  passed: number;
  /** Of all processors: what they did not idle, or wait for disks; with what a hypervisor took. */
  busy: number;
  /** Of this program, and of children that have ended and their descendants. */
  own: number;
}

/** Each number may be off by a tick: in less time than this, that is too much of a tenth. */
const fewestTicks = 40;

/** Share of the time passed that was busy and not own, 0 to 1; null of too little time. */
export function shareOfOthers({ passed, busy, own }: Snapshot): number | null {
  return passed < fewestTicks ? null : Math.min(1, Math.max(0, busy - own) / passed);
}
