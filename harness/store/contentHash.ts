import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { allBytes } from "../gguf/bytes.ts";
import { readGguf } from "../gguf/read.ts";
import { partPaths } from "../gguf/split.ts";
import { canonicalJson, hashFile, hashText } from "../hash.ts";
import { keptJson, rememberJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import { markUsed, trimFolder } from "../trim.ts";

/**
 * SHA-256 of a large file, of the first part of a split model that of the whole; remembered in the cache folder for as long as the file's size, inode and
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
  const hash = partPaths(file) ? await hashModel(file, signal) : await hashFile(file, signal);
  if ((await identity(file)) === before) {
    await rememberJson(kept, hash);
    await trimOnce();
  }
  return hash;
}

async function hashModel(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(allBytes(await readGguf(file)), hash, signal ? { signal } : {});
  return hash.digest("hex");
}

/** Bytes of the hashes that are remembered: of some ten thousand files. */
const mostBytes = 2e6;

let trimming: Promise<void> | undefined;

/** Most of them are of files that are gone, or have changed since. */
function trimOnce(): Promise<void> {
  return (trimming ??= trimFolder(path.join(cacheFolder(), "content-hashes"), mostBytes));
}

/**
 * What tells a file from another by that path: device, inode, size and times; of the first part of a split model those of
 * all parts. As long as it stays the same, nobody has written to the file, nor put another in its place.
 */
export async function identity(file: string): Promise<string> {
  const all = partPaths(file) ?? [file];
  const numbers = await Promise.all(all.map(async (one) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(one, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].map(String);
  }));
  return canonicalJson({ file, numbers: numbers.length === 1 ? numbers[0] : numbers });
}
