import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { stat } from "node:fs/promises";
import { hashText } from "./hash.ts";
import { type Place, thisPlace } from "./machine.ts";

/** A process, as others on whatever machine know it. */
export interface KnownProcess extends Place {
  /** Its number. */
  process: number;
  /** When it began, as its system tells it: process numbers come again. Null where it does not. */
  began: string | null;
}

/** This process. */
export function thisProcess(): KnownProcess {
  return { ...thisPlace(), process: process.pid, began: beginningOf(process.pid) };
}

/**
 * Whether a process is known to have ended: one whose number means something here and is free, or has another process by now;
 * and one of this machine before it was booted. Of others nothing is known here, whatever name their host has.
 */
export function hasEnded(known: KnownProcess, here: Place = thisPlace()): boolean {
  if (!isNear(known, here)) return known.machine !== null && known.machine === here.machine && known.namespace !== null;
  if (!isRunning(known.process)) return true;
  const began = beginningOf(known.process);
  return began === ended || (known.began !== null && began !== null && ![began, shortened(began)].includes(known.began));
}

/** Whether a process's number means something here. */
function isNear({ namespace, host }: Place, here: Place): boolean {
  return namespace === here.namespace && (namespace !== null || host === here.host);
}

const ended = "ended";

/** Start time of a process in clock ticks after the boot, with the boot's id; null where that cannot be told; `ended` of one that nobody has asked yet how it did. */
function beginningOf(processId: number): string | null {
  try {
    // It may be of another namespace, where processes have other numbers.
    if (readlinkSync("/proc/self") !== String(process.pid)) return null;
    const field = statFields(readFileSync(`/proc/${processId}/stat`, "utf8"));
    return field(3) === "Z" ? ended : `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}-${field(22)}`;
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

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const unknown = "0";

let ownName: string | undefined;

/** What this process puts into names of files that are its own: `HOST-PROCESS-BEGINNING-NAMESPACE-MACHINE`. */
export function processName(): string {
  return (ownName ??= nameOf(thisProcess()));
}

function nameOf({ host, process: number, began, namespace, machine }: KnownProcess): string {
  return [host, number, began === null ? unknown : shortened(began), namespace ?? unknown, machine ?? unknown].join("-");
}

/** Milliseconds after which what is another machine's, and was not touched, is taken for left. */
const silence = 2 * 86_400_000;

/**
 * Whether a file or folder with such a name in its own was left by a process that has ended: by what is known of the process,
 * or where nothing is, by its not having been touched for two days.
 *
 * @param name as {@link processName} gives it; names of earlier versions do not say enough to know anything
 */
export async function isLeftBy(name: string, file: string): Promise<boolean> {
  const known = parseName(name);
  if (known && hasEnded(known)) return true;
  if (known && isNear(known, thisPlace())) return false;
  return stat(file).then(({ mtimeMs }) => mtimeMs < Date.now() - silence, () => false);
}

function parseName(name: string): KnownProcess | null {
  const [, host, number, ...parts] = /^(.+)-(\d+)-(0|[0-9a-f]{12})-(0|[0-9a-f]{12})-(0|[0-9a-f]{12})$/.exec(name) ?? [];
  if (host === undefined) return null;
  const [began, namespace, machine] = parts.map((part) => (part === unknown ? null : part)) as [string | null, string | null, string | null];
  return { host, process: Number(number), began, namespace, machine };
}

function shortened(began: string): string {
  return hashText(began).slice(0, 12);
}
