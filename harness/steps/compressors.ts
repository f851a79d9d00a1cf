import { rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { Zstd } from "@hpcc-js/wasm-zstd";
import { total } from "../analysis/histogram.ts";
import { run } from "../process/run.ts";
import { which } from "../process/which.ts";

/** Options of xz: its own level; one thread, so that the size does not depend on the processors; inputs stay. */
export const xzOptions = ["-6", "-k", "-T1"] as const;

/** Bytes that real compressors make of something; null of one that is not there. */
export interface CompressedSizes {
  "zstd-3": number;
  "zstd-19": number;
  /** By the program xz at its own level, 6; null where the machine has none. */
  xz: number | null;
}

/**
 * Compress some streams, piece by piece.
 *
 * @param streams the pieces of each, of a few MB at most
 * @param folder where xz may write
 */
export async function compressedSizes(streams: readonly (readonly Uint8Array[])[], folder: string, signal: AbortSignal): Promise<CompressedSizes[]> {
  const zstd = await Zstd.load();
  const sizes: CompressedSizes[] = [];
  for (const pieces of streams) {
    const size: CompressedSizes = { "zstd-3": 0, "zstd-19": 0, xz: null };
    for (const piece of pieces) {
      signal.throwIfAborted();
      // The library computes on this thread: between pieces Ctrl-C is heard and the store's lock renewed.
      await new Promise((resolve) => setImmediate(resolve));
      size["zstd-3"] += zstd.compress(piece, 3).length;
      size["zstd-19"] += zstd.compress(piece, 19).length;
    }
    sizes.push(size);
  }
  const xz = which("xz");
  if (xz) (await xzSizes(xz, streams, folder, signal)).forEach((size, index) => (sizes[index]!.xz = size));
  return sizes;
}

/** One process for all: most pieces are small. */
async function xzSizes(program: string, streams: readonly (readonly Uint8Array[])[], folder: string, signal: AbortSignal): Promise<number[]> {
  const filesOf = streams.map((pieces, stream) => pieces.map((_piece, index) => path.join(folder, `stream-${stream}-${index}`)));
  const files = filesOf.flat();
  try {
    await Promise.all(streams.flat().map((piece, index) => writeFile(files[index]!, piece)));
    // Both variables could change the level.
    await run(program, [...xzOptions, ...files], { signal, env: { XZ_OPT: undefined, XZ_DEFAULTS: undefined } });
    return await Promise.all(filesOf.map(async (pieces) => total(await Promise.all(pieces.map(async (file) => (await stat(`${file}.xz`)).size)))));
  } finally {
    await Promise.all(files.flatMap((file) => [rm(file, { force: true }), rm(`${file}.xz`, { force: true })]));
  }
}
