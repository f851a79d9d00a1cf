import { z } from "zod";
import { canonicalJson, hashText } from "../hash.ts";
import { seal, unseal } from "../seal.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** Everything that determines what a step gives: hashed into its key, and kept in its record. */
export const keyInputsSchema = z.strictObject({
  step: z.string(),
  /** Raised whenever what the step computes changes. */
  version: z.int().min(1),
  /** The program and its arguments, with roles such as `{model}` for paths; empty for a step that runs none. */
  argv: z.array(z.string()),
  config: z.record(z.string(), z.unknown()),
  /** What of builds, programs and machine decides the result. */
  facts: z.record(z.string(), z.unknown()),
  /** What comes in by role: the SHA-256 of a file that was given, the key of the step that makes it. */
  inputs: z.record(z.string(), hash),
});

/** Everything that determines what a step gives. */
export type KeyInputs = z.infer<typeof keyInputsSchema>;

/** A step's key: SHA-256 in hexadecimal over its inputs; the order of their fields does not matter. */
export function stepKey(inputs: KeyInputs): string {
  return hashText(canonicalJson(inputs));
}

const recordSchema = z.strictObject({
  key: hash,
  inputs: keyInputsSchema,
  result: z.record(z.string(), z.unknown()),
  /** The command line as it was run; empty when no program ran. */
  argv: z.array(z.string()),
  /** Wall time of the whole step. */
  seconds: z.number().nonnegative(),
  date: z.iso.datetime(),
  /** The files that the step gave, by role: kept beside the record, or large ones that may be gone. */
  files: z.record(z.string().regex(/^[a-z]+$/), z.strictObject({ bytes: z.int().min(0), sha256: hash, kept: z.boolean() })),
});

/** A finished step: its result, and what it was computed from. */
export type StepRecord<Result = Record<string, unknown>> = Omit<z.infer<typeof recordSchema>, "result"> & { result: Result };

/**
 * A record as text that carries its own checksum.
 *
 * @throws RangeError when its key does not follow from its inputs
 */
export function sealRecord(record: StepRecord): string {
  if (stepKey(record.inputs) !== record.key) throw new RangeError(`the key of a record of ${record.inputs.step} does not follow from its inputs`);
  return seal(recordSchema.parse(record));
}

/**
 * A record from its text, if nothing in it is damaged. That the key follows from the inputs was seen to when it was sealed.
 *
 * @param key the key that it must have
 * @returns null when the text is not a record, its checksum is wrong, or it belongs to another key
 */
export function openRecord(text: string, key: string): StepRecord | null {
  const parsed = recordSchema.safeParse(unseal(text));
  return parsed.success && parsed.data.key === key ? parsed.data : null;
}
