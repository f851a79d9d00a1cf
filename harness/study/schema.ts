import { z } from "zod";
import { backendNames } from "./backendNames.ts";
import { decodePattern } from "./decode.ts";
import { slurmSchema } from "./slurmSettings.ts";
import { tableSchema } from "./tables.ts";
import { tensorRuleField } from "./tensorRules.ts";
import { calibrationSchema, cellSchema, defaultDamping, fileTypes, fitRequestSchema } from "./types.ts";

const { type, pure, radius, container, encode, scale, imatrix, types } = cellSchema.shape;

/** A table to be fitted, as a study asks for it. What it leaves out follows from the cell's scale and imatrix. */
const fitField = fitRequestSchema
  .omit({ scale: true })
  .partial()
  .describe("a map with any of method (joint, lloyd-max, equal-area), per (model, kind, tensor), weights (histogram, squared, imatrix)");

const calibration = calibrationSchema.describe("a map with text (the path of a calibration text; demo, of the demo models' speeches; or demo-prose) and chunks (a whole number from 1)");

/**
 * Fields of a cell, each for a single value; a study may give a list of them instead, and the cell
 * becomes a grid. The descriptions are what error messages say is allowed.
 */
export const cellFields = {
  type: type.describe(`a type of llama-quantize: ${fileTypes.join(", ")}`),
  pure: pure.describe("true (one type for every tensor) or false (upstream's mixture)"),
  radius: radius.unwrap().describe("a whole number from 0 to 7"),
  table: z
    .union([z.string().min(1), z.strictObject({ fit: fitField }), tableSchema])
    .describe("basic, balanced, a map with 16 widths and 16 values, the path of a file that holds one, or fit: and how a table is to be fitted"),
  container: container.describe("native or packed"),
  encode: encode.describe("bins or nearest"),
  scale: scale.describe("absmax or search"),
  decode: z
    .string()
    .regex(decodePattern)
    .describe("exact, published, or published: and any of packing,shift,lownibble,rawdot joined by commas"),
  imatrix: imatrix.describe("true (quantized with an importance matrix) or false"),
  feedback: z
    .union([z.boolean(), z.strictObject({ damping: z.number().positive().max(1000) })])
    .describe(`true (codes chosen by error feedback), false, or a map with damping (a number above 0, ${defaultDamping} by default)`),
  calibration,
  model: z.string().min(1).describe("the path of a quantized GGUF file, which is measured as it is: nothing but a name goes with it"),
};

/** Lists in themselves, which never make a grid. */
const tensorsField = z.array(tensorRuleField).min(1).describe("a list of maps with match (a tensor's name, * for any text), type, and feedback where it is not the cell's");
const typesField = types.min(1).max(2).describe("a list with Q4_0, Q8_0 or both");

/** Fields of a cell that are lists in themselves. */
export const listFields = { types: typesField, tensors: tensorsField };

/** Characters of a name of a study or a cell: files are called by it, with more behind it. */
export const longestName = 128;

/** `name` of a cell: a template, in which `{radius}` is the field's value and `{-decode}` is `-value` unless it is the default. */
export const nameField = z
  .string()
  .max(1000)
  .regex(/^(?:[A-Za-z0-9]|\{[a-z]+\})(?:[A-Za-z0-9._-]|\{-?[a-z]+\})*$/)
  .describe("letters, digits, . _ -, and {field} or {-field} for the value of a field");

/** Fields of a study beside its cells. */
const studyFields = {
  name: z.string().max(longestName).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/).describe(`letters, digits, . _ and -, ${longestName} at most`),
  title: z.string().describe("a line of text"),
  model: z.string().min(1).describe("the path of a model in F32, F16 or BF16, or the name of one in models/"),
  text: z.string().min(1).describe("the path of the text to measure on, demo (held-out speeches) or moby-dick"),
  pure: pure.describe("true (one type for every tensor) or false (upstream's mixture)"),
  context: z.int().min(8).max(1_048_576).describe("a whole number of tokens from 8 to 1048576"),
  batch: z.int().min(1).max(1_048_576).describe("a whole number of tokens: less than context, or a multiple of it"),
  ubatch: z.int().min(1).max(1_048_576).describe("a whole number of tokens from 1"),
  threads: z.int().min(1).max(512).describe("a whole number from 1 to 512"),
  chunks: z.int().min(1).max(10_000_000).describe("a whole number from 1"),
  kl_divergence: z.boolean().describe("true (compare each cell's predictions with the model's own) or false"),
  calibration,
  imatrix: calibration.describe("calibration, by its older name"),
  backend: z.enum(backendNames).describe(`what llama.cpp is built for: ${backendNames.join(", ")}`),
  device: z.string().min(1).describe("the name of a device of the backend, which all cells are computed on"),
  slurm: slurmSchema.describe(`how jobs are submitted to Slurm: a map with any of ${Object.keys(slurmSchema.shape).join(", ")}`),
};

/** Fields by which a study names files for steps of their own: what each allows, by its name. */
export type FileFields = Readonly<Record<string, string>>;

/** What a study may say beside its cells. */
export function fieldsOfStudy(files: FileFields): Record<string, z.ZodType> {
  return { ...studyFields, ...Object.fromEntries(Object.entries(files).map(([field, says]) => [field, z.string().min(1).describe(says)])) };
}

/** The study file as editors know it: the JSON Schema in studies/study.schema.json. */
export function studyJsonSchema(files: FileFields = {}): object {
  const grid = Object.fromEntries(
    Object.entries(cellFields).map(([name, field]) => [
      name,
      z.union([field, z.array(field).min(1)]).describe(`${field.description}; a list makes a grid`),
    ]),
  );
  const { name, ...optional } = fieldsOfStudy(files);
  const partial = (fields: Record<string, z.ZodType>): Record<string, z.ZodType> =>
    Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.optional()]));
  const { type, model, ...rest } = grid;
  const cell = z.union([
    z.strictObject({ name: nameField, type: type as z.ZodType, ...partial(rest), ...partial(listFields) }),
    z.strictObject({ name: nameField, model: model as z.ZodType }),
  ]);
  const study = z.strictObject({ $schema: z.string().optional(), name: name!, ...partial(optional), cells: z.array(cell).min(1) });
  return { ...z.toJSONSchema(study), title: "quantflex study" };
}
