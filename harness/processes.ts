import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { hashText } from "./hash.ts";

/** Start time of a process in clock ticks after the boot, with the boot's id; null where there is no /proc, or it has ended. */
export async function beginningOf(processId: number): Promise<string | null> {
  try {
    const [status, boot] = await Promise.all([readFile(`/proc/${processId}/stat`, "utf8"), readFile("/proc/sys/kernel/random/boot_id", "utf8")]);
    const field = statFields(status);
    // A zombie: it has ended, and nobody has asked how.
    return field(3) === "Z" ? null : `${boot.trim()}-${field(22)}`;
  } catch {
    return null;
  }
}

/** What gives the fields of a /proc/PID/stat by their numbers in proc(5), from 3 on. */
export function statFields(status: string): (number: number) => string {
  // The second field, the program's name, may hold anything but ends at the last parenthesis.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return (number) => fields[number - 3] ?? "";
}

/** Numbers of all processes; none where there is no /proc. */
export function processNumbers(): number[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
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
