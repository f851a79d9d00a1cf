import path from "node:path";
import { cacheFolder } from "../paths.ts";
import { isFresh, markUsed, trimFolder } from "../trim.ts";

/** Bytes of downloads that are kept in all, but for what was used in the last two days; those not used for longest go first. */
const mostKept = 100e9;

/** The folder of all downloads. */
export function downloadsFolder(): string {
  return path.join(cacheFolder(), "downloads");
}

/** Path of what is known of a download. */
export function knownFile(file: string): string {
  return `${file}.json`;
}

/** Bounds what the cache keeps of downloads. */
export async function trimDownloads(most = mostKept): Promise<void> {
  await trimFolder(downloadsFolder(), most, isFresh);
}

/** Marks a file as used if it is a download. The file itself stays as it is: its dates tell whether somebody has changed it. */
export async function markDownload(file: string): Promise<void> {
  if (file.startsWith(downloadsFolder() + path.sep)) await markUsed(knownFile(file));
}
