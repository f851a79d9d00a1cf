import { z } from "zod";

const error = z.number().nonnegative();

/** Perplexity of a model on a text. */
export const perplexitySchema = z.strictObject({
  ppl: z.number().positive(),
  /** One standard error of `ppl`. */
  error,
  /** Mean negative log-likelihood per token, in nats. */
  nll: z.number(),
  /** The same per chunk. */
  chunks: z.array(z.number()).min(1),
});

/** A model's predictions against the reference's. */
export const divergenceSchema = z.strictObject({
  /** Nats: mean with one standard error, quantiles over tokens, maximum. */
  mean: z.number(),
  error,
  median: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  maximum: z.number(),
  /** How often both find the same token most probable, in percent. */
  sameTop: z.number(),
  sameTopError: error,
  /** Change of the right token's probability, in percent points: root mean square and mean. */
  probabilityRms: z.number(),
  probabilityRmsError: error,
  probabilityMean: z.number(),
  probabilityMeanError: error,
  /** Mean of each chunk. */
  chunks: z.array(z.number()).min(1),
  /** Standard errors in which chunks, not tokens, are taken to be independent; null of fewer than two chunks. */
  chunkErrors: z.strictObject({ mean: error, median: error, p90: error, p95: error, p99: error, p999: error, sameTop: error }).nullable(),
});

/** A model's predictions against the reference's. */
export type RecordedDivergence = z.infer<typeof divergenceSchema>;
