import { rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { Zstd } from "@hpcc-js/wasm-zstd";
import { run } from "../process/run.ts";
import { which } from "../process/which.ts";

/** Bytes that real compressors make of something; null of one that is not there. */
export interface CompressedSizes {
  "zstd-3": number;
  "zstd-19": number;
  /** By the program xz at its own level, 6; null where the machine has none. */
  xz: number | null;
}

/**
 * Compress some buffers, each for itself.
 *
 * @param folder where xz may write
 */
export async function compressedSizes(buffers: readonly Uint8Array[], folder: string, signal: AbortSignal): Promise<CompressedSizes[]> {
  const zstd = await Zstd.load();
  const sizes: CompressedSizes[] = [];
  for (const buffer of buffers) {
    signal.throwIfAborted();
    // The library computes on this thread: a signal gets its turn between buffers.
    await new Promise((resolve) => setImmediate(resolve));
    sizes.push({ "zstd-3": zstd.compress(buffer, 3).length, "zstd-19": zstd.compress(buffer, 19).length, xz: null });
  }
  const xz = which("xz");
  if (xz) (await xzSizes(xz, buffers, folder, signal)).forEach((size, index) => (sizes[index]!.xz = size));
  return sizes;
}

/** One process for all: most buffers are small. */
async function xzSizes(program: string, buffers: readonly Uint8Array[], folder: string, signal: AbortSignal): Promise<number[]> {
  const files = buffers.map((_buffer, index) => path.join(folder, `stream-${index}`));
  try {
    await Promise.all(files.map((file, index) => writeFile(file, buffers[index]!)));
    // -k keeps the input, -T1 makes the size independent of the number of processors; XZ_OPT could change the level.
    await run(program, ["-6", "-k", "-T1", ...files], { signal, env: { XZ_OPT: undefined, XZ_DEFAULTS: undefined } });
    return await Promise.all(files.map(async (file) => (await stat(`${file}.xz`)).size));
  } finally {
    await Promise.all(files.flatMap((file) => [rm(file, { force: true }), rm(`${file}.xz`, { force: true })]));
  }
}
