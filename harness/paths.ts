import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "./errors.ts";

/** Folder of the project: the one that holds package.json. */
export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** The model that ships with the project (models/sotu-1m/CARD.md). */
export const demoModel = path.join(projectRoot, "models", "sotu-1m", "sotu-1m-f16.gguf");

/**
 * Where sources, builds and downloads are kept between runs:
 * `$QUANTFLEX_CACHE`, else `$XDG_CACHE_HOME/quantflex`, else `~/.cache/quantflex`.
 */
export function cacheFolder(): string {
  const { QUANTFLEX_CACHE, XDG_CACHE_HOME } = process.env;
  if (QUANTFLEX_CACHE) return path.resolve(QUANTFLEX_CACHE);
  return path.join(XDG_CACHE_HOME || path.join(homedir(), ".cache"), "quantflex");
}

/**
 * Makes sure that the cache folder is there.
 *
 * @throws UserError naming it when it cannot be made
 */
export function ensureCache(): void {
  const folder = cacheFolder();
  try {
    makeFolder(folder);
  } catch (error) {
    throw new UserError(`the cache folder ${folder} cannot be made (${(error as Error).message}); give another in QUANTFLEX_CACHE`);
  }
}

/** Not by mkdir's own recursion, which never ends where the system says that a folder is not there that is, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (!existsSync(path.dirname(folder))) makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Whether the cache folder can be written. One that cannot, but holds all that is asked for, is as good. */
export function cacheIsWritable(): boolean {
  try {
    ensureCache();
    accessSync(cacheFolder(), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The cache folder, or one for temporary files where that cannot be written. */
export function writableCache(): string {
  return cacheIsWritable() ? cacheFolder() : path.join(tmpdir(), "quantflex");
}

/** Where large files lie for a while: in the cache, or where that cannot be written elsewhere. */
export function scratchParent(elsewhere = writableCache()): string {
  return path.join(cacheIsWritable() ? cacheFolder() : elsewhere, "scratch");
}

/** A file as messages name it: from the working directory when it is below, else by its whole path. */
export function shownPath(file: string): string {
  const relative = path.relative("", file);
  return relative.startsWith("..") ? path.resolve(file) : relative;
}
