import { z } from "zod";
import { backendNames } from "../study/backendNames.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** What comes in to a step by a role: a file that was given, or what another step of the job makes. */
const inputSchema = z.union([z.strictObject({ file: z.string(), sha256: hash }), z.strictObject({ step: hash })]);

const plannedStepSchema = z.strictObject({
  /** Its name in the registry. */
  step: z.string(),
  key: hash,
  /** Key of the file that grows from one run to the next; null for a step that has none. */
  growing: hash.nullable(),
  config: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), inputSchema),
});

/** A step with all that it needs, and the key that follows from it. */
export type PlannedStep = z.infer<typeof plannedStepSchema>;

/** Which part of a job's evaluation is to be done; whoever does the last one does the rest of the job too. */
export const partSchema = z
  .strictObject({
    /** Which part, from 1. */
    index: z.int().positive(),
    /** Into how many the evaluation is divided. */
    of: z.int().positive(),
    /** Whether the part quantizes for itself, waiting for nobody else's file; absent, it does so where that file is too large to be kept. */
    alone: z.boolean().optional(),
  })
  .refine(({ index, of }) => index <= of, "there are fewer parts");

/** Which part of a job's evaluation is to be done; whoever does the last one does the rest of the job too. */
export type JobPart = z.infer<typeof partSchema>;

/**
 * The steps of one cell, as plain data: any machine that sees the folders, and builds the same programs, can run those that
 * have no record.
 */
export const jobSchema = z.strictObject({
  format: z.literal(1),
  /** Name of the cell, or of the step that several cells share. */
  name: z.string(),
  /** Folder of the results. */
  results: z.string(),
  /** What it runs on: a release of llama.cpp, the key of its patched build, threads, and where models are not computed on this processor's own build the backend and the device. */
  target: z.strictObject({ release: z.string(), build: z.string(), threads: z.int().positive(), backend: z.enum(backendNames).optional(), device: z.string().optional() }),
  /** Each after those whose files it reads. */
  steps: z.array(plannedStepSchema).min(1),
  /** Absent of a job that is done as a whole. */
  part: partSchema.optional(),
});

/** The steps of one cell, as plain data. */
export type Job = z.infer<typeof jobSchema>;

/** The job that a part is of; a whole one as it is. */
export function wholeOf({ part: _part, ...whole }: Job): Job {
  return whole;
}
