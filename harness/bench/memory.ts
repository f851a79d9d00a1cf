import { readFileSync } from "node:fs";
import { run } from "../process/run.ts";

/** Most memory that a process had, in bytes. */
export interface PeakMemory {
  /** In RAM, with the parts of mapped files that were there. */
  resident: number;
  /** In RAM and its own, without mapped files; on systems other than Linux the same as `resident`. */
  own: number;
}

const longestPause = process.platform === "linux" ? 20 : 200;

/**
 * Watches a process's memory until it ends. On Linux the kernel itself keeps the highest resident size;
 * the own part, and elsewhere the resident size as ps has it, are the highest of many looks.
 *
 * @returns ends the watch, and gives the peak; zeros when the process was too short to be seen
 */
export function watchMemory(processId: number): () => PeakMemory {
  const peak: PeakMemory = { resident: 0, own: 0 };
  const see = (resident: number, own: number): void => {
    peak.resident = Math.max(peak.resident, resident);
    peak.own = Math.max(peak.own, own);
  };
  const look = process.platform === "linux" ? () => see(...linuxMemory(processId)) : () => void residentByPs(processId).then((bytes) => see(bytes, bytes));
  const start = performance.now();
  let timer: NodeJS.Timeout;
  const repeat = (): void => {
    look();
    // Short processes are looked at more often: the watch shall not be what is measured.
    timer = setTimeout(repeat, Math.min(longestPause, 1 + (performance.now() - start) / 10));
  };
  repeat();
  return () => {
    clearTimeout(timer);
    return peak;
  };
}

function linuxMemory(processId: number): [number, number] {
  try {
    const status = readFileSync(`/proc/${processId}/status`, "utf8");
    const bytes = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
    return [bytes("VmHWM"), bytes("RssAnon") + bytes("RssShmem")];
  } catch {
    return [0, 0];
  }
}

async function residentByPs(processId: number): Promise<number> {
  const { stdout } = await run("ps", ["-o", "rss=", "-p", String(processId)]).catch(() => ({ stdout: "" }));
  return 1024 * (Number(stdout) || 0);
}
