import { statfsSync, statSync } from "node:fs";
import path from "node:path";
import { UserError } from "./errors.ts";
import { cacheFolder } from "./paths.ts";

/** A disk has no room for what has to be written. Whatever else is tried would meet it as well. */
export class DiskFull extends UserError {
  override name = "DiskFull";
}

const fullCodes = ["ENOSPC", "EDQUOT"];

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "that is not permitted",
  EROFS: "its file system is read-only",
  EIO: "its disk answers with an error (EIO)",
  ENOTDIR: "what should be a folder of its path is a file",
  ELOOP: "its path is a loop of links",
  ENAMETOOLONG: "its name is too long for the file system",
  EMFILE: "too many files are open; raise the limit with ulimit -n",
};

/**
 * What the system refused, as an error that names the file and the way out.
 *
 * @param error what was thrown
 * @param file what was read or written, where the error does not say it
 * @param needed bytes that were to be written, where that is known
 * @returns the error itself when it is of another kind
 */
export function fileError(error: unknown, file?: string, needed?: number): unknown {
  const { code = "", path: named, dest, syscall = "" } = (error ?? {}) as NodeJS.ErrnoException & { dest?: string };
  if (error instanceof UserError) return error;
  const at = file ?? dest ?? named;
  if (fullCodes.includes(code)) return diskFull(at ?? process.cwd(), needed ?? 1, freeBytes(at ?? process.cwd()), error);
  const reason = code === "ENOENT" && syscall === "mkdir" ? "the folder that it is to lie in cannot be made" : reasons[code];
  if (reason === undefined || at === undefined || syscall.startsWith("spawn")) return error;
  return new UserError(`${at} cannot be ${refused(syscall, needed !== undefined)}: ${reason}${isCached(at) ? "; give another cache folder in QUANTFLEX_CACHE" : ""}`, { cause: error });
}

function refused(syscall: string, isWriting: boolean): string {
  if (["read", "scandir", "stat", "lstat"].includes(syscall)) return "read";
  // The system does not say what for.
  return syscall === "open" && !isWriting ? "opened" : "written";
}

/**
 * A full disk.
 *
 * @param needed bytes to be written at least, or who found no room for how many it does not say
 * @param free bytes that there were for them; null where that cannot be told
 */
export function diskFull(file: string, needed: number | string, free: number | null, cause?: unknown): DiskFull {
  const has = free === null ? "its disk is full" : `its disk has ${free} bytes free`;
  const lack = typeof needed === "number" ? `needs ${needed} bytes` : `is where ${needed} found no room`;
  return new DiskFull(`${file} ${lack}, and ${has}; make room, or give another ${isCached(file) ? "cache folder in QUANTFLEX_CACHE" : "folder with --out"}`, { cause });
}

/** Bytes free where a file lies, or is to lie; null where that cannot be told. */
export function freeBytes(file: string): number | null {
  return nearest(file, (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  });
}

/** Number of the file system where a file lies, or is to lie; null where that cannot be told. */
export function diskOf(file: string): number | null {
  return nearest(file, (folder) => statSync(folder).dev);
}

/** What is asked of a file, or of the nearest folder above it that is there. */
function nearest<T>(file: string, ask: (folder: string) => T): T | null {
  for (let folder = path.resolve(file); ; folder = path.dirname(folder)) {
    try {
      return ask(folder);
    } catch {
      if (folder === path.dirname(folder)) return null;
    }
  }
}

function isCached(file: string): boolean {
  return `${path.resolve(file)}${path.sep}`.startsWith(cacheFolder() + path.sep);
}
