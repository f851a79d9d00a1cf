import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { z } from "zod";
import { readGguf } from "../gguf/read.ts";
import { floatTypes } from "../study/types.ts";
import { measureCompression, mostBytes } from "./compression.ts";
import { compressionSchema } from "./compressionRecord.ts";
import { xzOptions } from "./compressors.ts";
import type { Step } from "./step.ts";

const result = z.strictObject({ compression: compressionSchema });

// The package does not export its package.json, which lies above its built files.
const zstdFolder = path.resolve(path.dirname(createRequire(import.meta.url).resolve("@hpcc-js/wasm-zstd")), "..");
const { version: zstd } = JSON.parse(readFileSync(path.join(zstdFolder, "package.json"), "utf8")) as { version: string };

const config = z.strictObject({
  /** Bytes of the file, and of its codes, that are compressed; absent for all of a model that has no more. */
  most: z.int().positive().optional(),
});

type Config = z.infer<typeof config>;

/** How far the quantized file could be compressed, by the entropy of its codes and by real compressors. */
export const compress: Step<Config, z.infer<typeof result>> = {
  name: "compress",
  version: 1,
  beside: true,
  config,
  result,
  configure({ cell, gguf }) {
    if (floatTypes.includes(cell.type)) return null;
    return gguf.fileBytes > mostBytes ? { most: mostBytes } : {};
  },
  needs: () => ["quantized"],
  gives: () => [],
  argv: () => ["xz", ...xzOptions],
  facts: ({ xz }) => ({ xz, zstd }),
  writes: (_asked, { quantizedBytes }) => compressBytes(quantizedBytes),
  async run({ most }, at, _on, { folder, signal, report }) {
    report("compressing");
    return { compression: await measureCompression(await readGguf(at["quantized"]!), folder, signal, most) };
  },
  columns: [
    { name: "entropy", unit: "bits", decimals: 5, better: null, says: "bits per code, of codes that do not know each other, each tensor by itself", shown: { heading: "entropy, bits/code", page: 3, otherwise: "code_entropy" }, value: ({ compression }) => compression.streams[0]?.entropy ?? null },
  ],
};

/** Bytes of what lies there at most while a file of so many is compressed: pieces of it and of its codes, and what xz makes of them. */
export function compressBytes(quantizedBytes: number): number {
  return 4 * Math.min(mostBytes, quantizedBytes);
}
