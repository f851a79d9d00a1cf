import { z } from "zod";

/** How a text is evaluated, all decided, as part of a step's configuration. */
export const settingsSchema = z.strictObject({
  /** Tokens of a chunk. */
  context: z.int(),
  /** Tokens that are evaluated together, and at most so many of them at a time. */
  batch: z.int(),
  ubatch: z.int(),
  /** At most so many chunks; null for the whole text. */
  chunks: z.int().nullable(),
});

/** How a text is evaluated, all decided. */
export type Settings = z.infer<typeof settingsSchema>;
