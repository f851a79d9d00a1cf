import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { hashText } from "./hash.ts";

/** Start time of a process in clock ticks after the boot, with the boot's id; null where there is no /proc, or it has ended. */
export async function beginningOf(processId: number): Promise<string | null> {
  try {
    const [status, boot] = await Promise.all([readFile(`/proc/${processId}/stat`, "utf8"), readFile("/proc/sys/kernel/random/boot_id", "utf8")]);
    // The second field, the program's name, may hold anything but ends at the last parenthesis.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    // A zombie: it has ended, and nobody has asked how.
    return fields[0] === "Z" ? null : `${boot.trim()}-${fields[19]}`;
  } catch {
    return null;
  }
}

/** Whether a process number is in use on this host. */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const unknown = "0";

let ownName: Promise<string> | undefined;

/** What this process puts into names of files that are its own: `HOST-PROCESS-BEGINNING`. */
export function processName(): Promise<string> {
  return (ownName ??= shortBeginning(process.pid).then((began) => `${hostname()}-${process.pid}-${began}`));
}

/**
 * Whether a name of that form was given by a process of this host that has ended: its number is free, or another process has
 * got it since. Of other hosts' processes nothing is known here.
 */
export async function nameHasEnded(name: string): Promise<boolean> {
  const mine = `${hostname()}-`;
  const [, processId, began] = (name.startsWith(mine) && /^(\d+)(?:-([0-9a-f]+))?$/.exec(name.slice(mine.length))) || [];
  if (processId === undefined) return false;
  if (!isRunning(Number(processId))) return true;
  return began !== undefined && began !== unknown && (await shortBeginning(Number(processId))) !== began;
}

async function shortBeginning(processId: number): Promise<string> {
  const began = await beginningOf(processId);
  return began === null ? unknown : hashText(began).slice(0, 12);
}
