import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

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
