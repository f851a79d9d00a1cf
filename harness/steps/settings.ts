import { z } from "zod";

/** How a text is evaluated, as part of a step's configuration. */
export const settingsSchema = z.strictObject({
  context: z.int(),
  batch: z.int(),
  ubatch: z.int(),
  /** At most so many chunks; null for the whole text. */
  chunks: z.int().nullable(),
});
