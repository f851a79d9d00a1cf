import { readFileSync } from "node:fs";
import { shareOfOthers, type Snapshot } from "./othersShare.ts";

/** What /proc counts in; the same on every architecture that Node.js runs on. */
const ticksPerSecond = 100;

/**
 * Watches what processes other than this one and its children take of the processors, a hypervisor's other
 * guests among them. To be ended after the children that are measured have ended: only then does the kernel
 * count them.
 *
 * @returns ends the watch, and gives the share of all processors' time that others took, 0 to 1; null where
 *   it is unknown: on systems other than Linux, where the kernel does not tell, and of a watch too short for
 *   its clock
 */
export function watchOthers(): () => number | null {
  const start = look();
  return () => {
    const end = look();
    if (!start || !end) return null;
    return shareOfOthers({ passed: end.passed - start.passed, busy: end.busy - start.busy, own: end.own - start.own });
  };
}

function look(): Snapshot | null {
  if (process.platform !== "linux") return null;
  try {
    // proc(5): guests' time, which follows, is counted in user and nice already.
    const [user = NaN, nice = NaN, system = NaN, idle = NaN, ioWait = NaN, irq = NaN, softIrq = NaN, steal = NaN] = numbers(/^cpu +(.*)$/m, "/proc/stat");
    // The name, in parentheses, may have spaces and parentheses. From field 4 on: cutime and cstime are 16 and 17.
    const [childrenUser = NaN, childrenSystem = NaN] = numbers(/^.*\) \S (.*)$/s, "/proc/self/stat").slice(16 - 4);
    const self = process.cpuUsage();
    const busy = user + nice + system + irq + softIrq + steal;
    const own = childrenUser + childrenSystem + ((self.user + self.system) / 1e6) * ticksPerSecond;
    return [busy, idle, ioWait, own].every(Number.isFinite) ? { passed: busy + idle + ioWait, busy, own } : null;
  } catch {
    return null;
  }
}

function numbers(pattern: RegExp, file: string): number[] {
  return pattern.exec(readFileSync(file, "utf8"))?.[1]?.trim().split(/\s+/).map(Number) ?? [];
}
