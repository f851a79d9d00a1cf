import { z } from "zod";

const count = z.int().min(0);
const size = count.nullable();
const bits = z.number().nonnegative();

const streamSchema = z.strictObject({
  /** Name of the tensor; `*` is the whole model: sizes added, bits averaged over codes. */
  tensor: z.string(),
  type: z.string(),
  alphabet: z.int(),
  codes: count,
  /** Share of the signed code 0 (upstream's Q4_0: nibble 8). */
  zeroShare: z.number(),
  /** Bits per code: of codes by themselves, of codes given the one before, and what two coders reach. */
  entropy: bits,
  conditionalEntropy: bits,
  huffman: bits,
  rangeCoder: bits,
  /** Bytes of the codes as they are stored, without scales, and compressed; null of a compressor that was not there. */
  sizes: z.strictObject({ packed: count, "zstd-3": size, "zstd-19": size, xz: size }),
});

/** How far a cell's file could be compressed. */
export const compressionSchema = z.strictObject({
  /** The whole model first; empty when the file has no codes that can be read by themselves. */
  streams: z.array(streamSchema),
  /** The whole GGUF. */
  file: z.strictObject({ bytes: count, "zstd-3": size, "zstd-19": size, xz: size }),
  /** Bytes of the file that were compressed, when sizes are scaled up from a part; else null. */
  sampledBytes: count.nullable(),
  /** Runs of code 0 over the model, measured and as independent codes would have them. */
  zeroRuns: z
    .strictObject({
      measured: z.array(count).length(16),
      expected: z.array(z.number()).length(16),
      chiSquare: z.number(),
      degreesOfFreedom: count,
      /** Null with too few bins. */
      probability: z.number().nullable(),
    })
    .nullable(),
});

/** How far a cell's file could be compressed. */
export type RecordedCompression = z.infer<typeof compressionSchema>;

/** The same of one tensor's codes. */
export type RecordedStream = z.infer<typeof streamSchema>;
