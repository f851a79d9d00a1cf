import { z } from "zod";
import { canonicalJson, hashText } from "../hash.ts";
import { cellKey, recordFormat } from "./key.ts";

const count = z.int().min(0);
const positive = z.number().positive();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const inputsSchema = z.strictObject({
  tree: z.string(),
  libraryHash: z.string(),
  compiler: z.string(),
  cmakeFlags: z.array(z.string()),
  cpu: z.string(),
  model: hash,
  text: hash,
  imatrixText: hash.optional(),
  conf: z.string().nullable(),
  steps: z.array(z.array(z.string())).min(1),
});

const tensorSchema = z.strictObject({
  name: z.string(),
  shape: z.array(count),
  type: z.string(),
  bytes: count,
  elements: count,
  /** Why the tensor did not get the cell's type; null when it did, or was never to. */
  fallback: z.string().nullable(),
});

const histogramSchema = z.strictObject({
  /** Runs of zeros of length 1 to 15, then of 16 and more, over the whole model in storage order. */
  zeroRuns: z.array(count).length(16),
  /** Count of each code; `firstCode` is the code that `counts[0]` counts. */
  tensors: z.array(z.strictObject({ name: z.string(), type: z.string(), firstCode: z.int(), counts: z.array(count) })),
});

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

const compressionSchema = z.strictObject({
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

const divergenceSchema = z.strictObject({
  /** Nats: mean with one standard error, quantiles in percent of tokens, maximum. */
  mean: z.number(),
  error: z.number().nonnegative(),
  median: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  maximum: z.number(),
  /** How often both find the same token most probable, in percent. */
  sameTop: z.number(),
  sameTopError: z.number().nonnegative(),
  /** Change of the right token's probability, in percent points: root mean square and mean. */
  probabilityRms: z.number(),
  probabilityRmsError: z.number().nonnegative(),
  probabilityMean: z.number(),
  probabilityMeanError: z.number().nonnegative(),
  /** Mean of each chunk. */
  chunks: z.array(z.number()).min(1),
});

/** A finished cell: all that reports are made from. */
export const recordSchema = z.strictObject({
  format: z.literal(recordFormat),
  key: hash,
  inputs: inputsSchema,
  /** The quantized file, which is deleted when it has been measured. */
  file: z.strictObject({ sha256: hash, bytes: count }),
  tensors: z.array(tensorSchema).min(1),
  histogram: histogramSchema.nullable(),
  perplexity: z.strictObject({
    ppl: positive,
    /** One standard error of `ppl`. */
    error: z.number().nonnegative(),
    /** Mean negative log-likelihood per token, in nats. */
    nll: z.number(),
    /** The same per chunk. */
    chunks: z.array(z.number()).min(1),
  }),
  /** Against the model's own predictions; null unless the study has `kl_divergence`. */
  divergence: divergenceSchema.nullable(),
  /** Null for a cell of floating-point numbers. */
  compression: compressionSchema.nullable(),
  /** Sum of squared differences over sum of squared weights, of each tensor that was quantized and can be decoded. */
  weightErrors: z.array(z.strictObject({ name: z.string(), type: z.string(), relative: z.number().nonnegative() })),
  /** Wall-clock seconds; null when the model already had the cell's type and nothing was quantized. */
  quantizeSeconds: z.number().nonnegative().nullable(),
  perplexitySeconds: z.number().nonnegative(),
  /** Tokens of text evaluated per second. */
  tokensPerSecond: positive.nullable(),
  /** Command lines as they were run. */
  argv: z.array(z.array(z.string())),
  date: z.iso.datetime(),
  /** SHA-256 of each other file in the cell's folder. */
  files: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), hash),
});

/** A finished cell: all that reports are made from. */
export type CellRecord = z.infer<typeof recordSchema>;

/** Codes and zero runs of one cell. */
export type RecordedHistogram = z.infer<typeof histogramSchema>;

/** How far a cell's file could be compressed. */
export type RecordedCompression = z.infer<typeof compressionSchema>;

/** The same of one tensor's codes. */
export type RecordedStream = z.infer<typeof streamSchema>;

/** A cell's predictions against the model's. */
export type RecordedDivergence = z.infer<typeof divergenceSchema>;

/** A tensor of the quantized file. */
export type RecordedTensor = z.infer<typeof tensorSchema>;

/**
 * A record as text that carries its own checksum.
 */
export function sealRecord(record: CellRecord): string {
  return `${JSON.stringify({ sha256: hashText(canonicalJson(record)), record }, null, 1)}\n`;
}

/**
 * A record from its text, if nothing in it is damaged.
 *
 * @param key the key that it must have
 * @returns null when the text is not a record, its checksum is wrong, or it belongs to another key
 */
export function openRecord(text: string, key: string): CellRecord | null {
  let sealed: unknown;
  try {
    sealed = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = z.strictObject({ sha256: hash, record: recordSchema }).safeParse(sealed);
  if (!parsed.success) return null;
  const { sha256, record } = parsed.data;
  const whole = hashText(canonicalJson(record)) === sha256 && record.key === key && cellKey(record.inputs) === key;
  return whole ? record : null;
}
