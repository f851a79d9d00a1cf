import { z } from "zod";
import type { BackendName } from "./backendNames.ts";
import { fileTypes } from "./fileTypes.ts";
import type { SlurmSettings } from "./slurmSettings.ts";
import { namedTableSchema } from "./tables.ts";
import { tensorRuleSchema } from "./tensorRules.ts";

export { fileTypes };

/** Types whose weights are plain floating-point numbers: what a study can start from. */
export const floatTypes: readonly string[] = ["F32", "F16", "BF16"];

/** Base types that the library can code in own mode (pablo.conf, `TYPES`). */
export const baseTypes = ["Q4_0", "Q8_0"] as const;

/** A base type of own mode. */
export type BaseType = (typeof baseTypes)[number];

/** The single defects of the thesis's fork, in the order of pablo.conf's `DECODE published:…`. */
export const defects = ["packing", "shift", "lownibble", "rawdot"] as const;

/** The block scale as the thesis has it, or the best one (pablo.conf, `SCALE`). */
const scale = z.enum(["absmax", "search"]);

/** What a {@link FitRequest} holds. */
export const fitRequestSchema = z.strictObject({
  /** `joint`: together with the searched scale of each block; the others to the histogram of Q8_0 codes. */
  method: z.enum(["joint", "lloyd-max", "equal-area"]).describe("joint (with scale search), lloyd-max or equal-area"),
  /** One table for the whole model, for each kind of tensor (all attn_q, all ffn_down, …), or for each tensor. */
  per: z.enum(["model", "kind", "tensor"]).describe("model, kind or tensor"),
  /** What a weight's error counts: `histogram` in units of its block's scale, `squared` as it is, `imatrix` times its importance. */
  weights: z.enum(["histogram", "squared", "imatrix"]).describe("histogram, squared or imatrix"),
  /** How the table will be used. */
  scale,
});

/** A table that is to be fitted to the model before it is quantized. */
export type FitRequest = z.infer<typeof fitRequestSchema>;

/** The method of a request that names none. */
export function defaultMethod(scale: FitRequest["scale"]): FitRequest["method"] {
  return scale === "search" ? "joint" : "lloyd-max";
}

/** A text of the kind that a model is used on, never the one that is measured on, and at most so many chunks of it. */
export const calibrationSchema = z.strictObject({ text: z.string().min(1), chunks: z.int().min(1).max(10_000_000).optional() });

/** What importance matrices and second moments are computed on. */
export type Calibration = z.infer<typeof calibrationSchema>;

/** Damping of a study that names none: between 0.001 and 0.1 it changes the KL divergence by 2 % at most. */
export const defaultDamping = 0.01;

/** What a {@link Cell} holds. */
export const cellSchema = z.strictObject({
  name: z.string(),
  /** A ready-made file, as the study calls it, that is measured as it is. */
  model: z.string().optional(),
  /** Of a ready-made file what it says of itself, once it has been read. */
  type: z.enum(fileTypes),
  /** `upstream`: the library has no part in it; `simple`: upstream's coding, counted; `own`: the library's; `ready`: made elsewhere. */
  mode: z.enum(["upstream", "simple", "own", "ready"]),
  /** One scheme over the whole model, not upstream's mixture. */
  pure: z.boolean(),
  /** Codes of at most this magnitude become zero (Q4_0 own). */
  radius: z.int().min(0).max(7).optional(),
  /** The table; of a cell with `fit` only once it has been fitted. */
  table: namedTableSchema.optional(),
  fit: fitRequestSchema.optional(),
  /** Quantized with an importance matrix. */
  imatrix: z.boolean(),
  /**
   * Codes chosen by error feedback, with `damping` times the mean of the second moments' diagonal added to it; of all
   * tensors, or only of those that rules say it of.
   */
  feedback: z.strictObject({ damping: z.number().positive(), onlyByRule: z.boolean() }).optional(),
  /** Tensors with another type than the cell's: the first rule that matches. */
  tensors: z.array(tensorRuleSchema).optional(),
  /** Of a cell that needs one: the study's, or its own. */
  calibration: calibrationSchema.optional(),
  /** Where own codes of 4 bits go (pablo.conf, `CONTAINER`). */
  container: z.enum(["native", "packed"]),
  /** How a table codes weights (pablo.conf, `ENCODE`). */
  encode: z.enum(["bins", "nearest"]),
  scale,
  /** `exact`, `published`, or `published:` and some defects in the order of `defects`. */
  decode: z.string(),
  /** Base types that own mode reaches, in the order of `baseTypes`. */
  types: z.array(z.enum(baseTypes)),
});

/** One cell of a study: a type, and how its weights are coded. */
export type Cell = z.infer<typeof cellSchema>;

/** A validated study: what `npm run sweep` can run. */
export interface Study {
  name: string;
  title?: string;
  /** Path of a model, or the name of one in models/. */
  model?: string;
  /** Path of the text that is measured on, or the name of one that is known. */
  text?: string;
  /** Tokens of context per chunk. */
  context: number;
  /** Tokens per logical batch: below `context`, or a multiple of it. */
  batch: number;
  /** Tokens per physical batch. */
  ubatch: number;
  /** Threads of every step; the machine's when absent. */
  threads?: number;
  /** At most this many chunks of text; all of it when absent. */
  chunks?: number;
  /** Compare each cell's predictions with the model's own. */
  kl_divergence?: boolean;
  /** Of the cells that need a calibration text and have none of their own. */
  calibration?: Calibration;
  /** What llama.cpp is built for; the machine's choice when absent. */
  backend?: BackendName;
  /** Name of the device that all cells are computed on; the backend's first when absent. */
  device?: string;
  /** Files that steps of their own are about, by field, with paths as the study has them. */
  files?: Record<string, string>;
  /** How its jobs are submitted to Slurm, where they are. */
  slurm?: SlurmSettings;
  cells: Cell[];
}
