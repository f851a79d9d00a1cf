import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "../errors.ts";

/**
 * Refuses a cache folder on a file system on which nothing can be executed, before anything is built there.
 *
 * @throws UserError naming the folder; what the system throws when it cannot be written
 */
export function refuseNoexec(cache: string): void {
  const probe = path.join(cache, `.executable-${process.pid}`);
  mkdirSync(cache, { recursive: true });
  try {
    writeFileSync(probe, "", { mode: 0o755 });
    refuseUnexecutable(probe, cache);
  } finally {
    rmSync(probe, { force: true });
  }
}

/** @param what names it in the message */
export function refuseUnexecutable(file: string, what = file): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    throw new UserError(`${what} cannot be executed: its file system is mounted noexec, or it is no longer marked as a program; mount it otherwise, or give another cache folder in QUANTFLEX_CACHE`);
  }
}
