import { rm, stat } from "node:fs/promises";
import { total } from "../analysis/histogram.ts";
import { run } from "../process/run.ts";
import { which } from "../process/which.ts";
import { type ZstdSizes, zstdSizes } from "./zstd.ts";

/** Options of xz: its own level; one thread, so that the size does not depend on the processors; inputs stay. */
export const xzOptions = ["-6", "-k", "-T1"] as const;

/** Bytes that real compressors make of something; null of one that is not there. */
export interface CompressedSizes extends ZstdSizes {
  /** By the program xz at its own level, 6; null where the machine has none. */
  xz: number | null;
}

/**
 * Compress some streams, piece by piece, with all compressors side by side.
 *
 * @param streams files of a few MB at most, the pieces of each stream; xz writes beside them for a while
 */
export async function compressedSizes(streams: readonly (readonly string[])[], signal: AbortSignal): Promise<CompressedSizes[]> {
  const xz = which("xz");
  const both = await Promise.allSettled([
    Promise.all(streams.map((pieces) => zstdSizes(pieces, signal))),
    xz ? xzSizes(xz, streams, signal) : streams.map(() => null),
  ] as const);
  const [byZstd, byXz] = both;
  if (byZstd.status === "rejected") throw byZstd.reason;
  if (byXz.status === "rejected") throw byXz.reason;
  return byZstd.value.map((sizes, index) => ({ ...sizes, xz: byXz.value[index] ?? null }));
}

/** One process for all: most pieces are small. */
async function xzSizes(program: string, streams: readonly (readonly string[])[], signal: AbortSignal): Promise<number[]> {
  const files = streams.flat();
  if (files.length === 0) return [];
  try {
    // Both variables could change the level.
    await run(program, [...xzOptions, ...files], { signal, env: { XZ_OPT: undefined, XZ_DEFAULTS: undefined } });
    return await Promise.all(streams.map(async (pieces) => total(await Promise.all(pieces.map(async (file) => (await stat(`${file}.xz`)).size)))));
  } finally {
    await Promise.all(files.map((file) => rm(`${file}.xz`, { force: true })));
  }
}
