import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** SHA-256 of text (as UTF-8) or bytes, in hexadecimal. */
export function hashText(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * SHA-256 of a file's content, in hexadecimal, read as a stream.
 *
 * @param signal stops the reading
 */
export async function hashFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {});
  return hash.digest("hex");
}

/** JSON in which the order of an object's keys does not matter: they are sorted at every depth. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return entry;
    return Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
