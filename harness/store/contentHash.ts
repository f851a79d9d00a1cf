import { stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { canonicalJson, hashFile, hashText } from "../hash.ts";
import { keptJson, rememberJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import { markUsed, trimFolder } from "../trim.ts";

/**
 * SHA-256 of a large file, remembered in the cache folder for as long as the file's size, inode and
 * change time stay the same: a 7B model takes half a minute to hash, and a second sweep should not.
 *
 * @param file absolute path
 */
export async function contentHash(file: string, signal?: AbortSignal): Promise<string> {
  const before = await identity(file);
  const kept = path.join(cacheFolder(), "content-hashes", hashText(before));
  const known = await keptJson(kept, z.string());
  if (known !== null) {
    await markUsed(kept);
    return known;
  }
  const hash = await hashFile(file, signal);
  if ((await identity(file)) === before) {
    await rememberJson(kept, hash);
    await trimOnce();
  }
  return hash;
}

/** Bytes of the hashes that are remembered: of some ten thousand files. */
const mostBytes = 2e6;

let trimming: Promise<void> | undefined;

/** Most of them are of files that are gone, or have changed since. */
function trimOnce(): Promise<void> {
  return (trimming ??= trimFolder(path.join(cacheFolder(), "content-hashes"), mostBytes));
}

/**
 * What tells a file from another by that path: device, inode, size and times. As long as it stays the same, nobody has
 * written to the file, nor put another in its place.
 */
export async function identity(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return canonicalJson({ file, numbers: [dev, ino, size, mtimeNs, ctimeNs].map(String) });
}
