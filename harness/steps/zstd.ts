import { readFile } from "node:fs/promises";
import { Zstd } from "@hpcc-js/wasm-zstd";
import { total } from "../analysis/histogram.ts";
import { inThread } from "../threads/inThread.ts";
import { compressedLength } from "./compressedLength.ts";

/** Bytes that zstd makes of something, at two of its levels. */
export interface ZstdSizes {
  "zstd-3": number;
  "zstd-19": number;
}

/**
 * The sizes of one file of a few MB: the task for a thread.
 *
 * @public called there by its name
 */
export async function compressWithZstd(file: string): Promise<ZstdSizes> {
  const [zstd, content] = [await Zstd.load(), await readFile(file)];
  return { "zstd-3": compressedLength(zstd, content, 3), "zstd-19": compressedLength(zstd, content, 19) };
}

/** Bytes that zstd makes of files, each compressed by itself, added up. Computed in threads. */
export async function zstdSizes(files: readonly string[], signal: AbortSignal): Promise<ZstdSizes> {
  const sizes = await Promise.all(files.map((file) => inThread(import.meta.url, compressWithZstd, file, signal)));
  return { "zstd-3": total(sizes.map((size) => size["zstd-3"])), "zstd-19": total(sizes.map((size) => size["zstd-19"])) };
}
