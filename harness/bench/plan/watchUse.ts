import { readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

/** What a command took at most at one time. */
export interface Use {
  /** Bytes in the folders, beyond those at its beginning. */
  disk: number;
  /** Bytes of memory of the largest of its programs, as resident size. */
  memory: number;
}

/** Milliseconds between two looks. */
const pause = 25;

/**
 * Watches what a process and its programs take, from outside, by Linux's /proc.
 *
 * @param folders where it writes; a file with several names counts once
 * @param isProgram whether a child by that name counts
 * @returns ends the watch, and gives what was seen
 */
export function watchUse(processId: number, folders: readonly string[], isProgram: (name: string) => boolean): () => Use {
  const before = bytesIn(folders);
  const use: Use = { disk: 0, memory: 0 };
  const look = (): void => {
    use.disk = Math.max(use.disk, bytesIn(folders) - before);
    for (const child of read(`/proc/${processId}/task/${processId}/children`).trim().split(/\s+/).filter(Boolean)) {
      const status = read(`/proc/${child}/status`);
      if (!isProgram(/^Name:\s*(\S+)/m.exec(status)?.[1] ?? "")) continue;
      use.memory = Math.max(use.memory, 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0));
    }
  };
  const timer = setInterval(look, pause);
  return () => {
    clearInterval(timer);
    look();
    return use;
  };
}

function bytesIn(folders: readonly string[]): number {
  const seen = new Map<number, number>();
  for (const folder of folders) addFiles(folder, seen);
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function addFiles(folder: string, seen: Map<number, number>): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) addFiles(file, seen);
      else if (entry.isFile()) {
        // It may be gone by now.
        const status = statSync(file, { throwIfNoEntry: false });
        if (status) seen.set(status.ino, status.size);
      }
    }
  } catch {
    // So may be its folder.
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
