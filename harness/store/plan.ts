import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../writeAtomic.ts";
import { z } from "zod";
import { backendNames } from "../study/backendNames.ts";
import { UserError } from "../errors.ts";
import { canonicalJson } from "../hash.ts";
import { cellSchema } from "../study/types.ts";
import { seal, unseal } from "../seal.ts";
import { resultsStore } from "./store.ts";

const contentSchema = z.strictObject({ name: z.string(), path: z.string(), sha256: z.string(), bytes: z.int() });

const plannedSchema = z.strictObject({
  step: z.string(),
  key: z.string(),
  /** Key of the step's file that grows from one run to the next; null for a step that has none. */
  growing: z.string().nullable(),
});

const planSchema = z.strictObject({
  format: z.literal(4),
  study: z.strictObject({ name: z.string(), title: z.string().optional(), path: z.string() }),
  model: contentSchema,
  text: contentSchema,
  parameters: z.strictObject({
    context: z.int(),
    batch: z.int(),
    ubatch: z.int(),
    threads: z.int(),
    chunks: z.int().nullable(),
  }),
  options: z.strictObject({
    klDivergence: z.boolean(),
    /** By the name that cells give them. */
    calibrations: z.record(z.string(), contentSchema),
    files: z.record(z.string(), contentSchema),
    /** Ready-made files, by the name of the cell that measures each; absent without any. */
    ready: z.record(z.string(), contentSchema).optional(),
  }),
  build: z.strictObject({
    release: z.string(),
    key: z.string(),
    tree: z.string(),
    libraryHash: z.string(),
    compiler: z.string(),
    cmakeFlags: z.array(z.string()),
    cpu: z.string(),
    features: z.string(),
    /** Absent for this machine's processor. */
    backend: z.enum(backendNames).optional(),
    /** Versions of what decides kernels beside compiler and flags. */
    tools: z.string().optional(),
  }),
  /** What models were computed on; absent for the processor. */
  device: z.strictObject({ names: z.array(z.string()), line: z.string(), driver: z.string().nullable(), memoryBytes: z.int() }).optional(),
  versions: z.record(z.string(), z.string()),
  machine: z.strictObject({ platform: z.string(), cpuModel: z.string(), processors: z.int(), memoryBytes: z.int() }),
  argv: z.array(z.string()),
  date: z.iso.datetime(),
  /** Every cell of the study, in its order, with the keys that its steps have under these parameters. */
  cells: z.array(z.strictObject({ cell: cellSchema, steps: z.array(plannedSchema) })),
});

/** What the latest sweep of a results folder asked for: which records its tables show. */
export type Plan = z.infer<typeof planSchema>;

const planName = "plan.json";

/** Keep the plan, atomically. One that asks for the same as the last stays, with the date and the command line that it has. */
export async function writePlan(results: string, plan: Plan): Promise<void> {
  const before = await readPlan(results).catch(() => null);
  if (before && canonicalJson(asked(before)) === canonicalJson(asked(plan))) return;
  await mkdir(resultsStore(results), { recursive: true });
  await writeAtomic(path.join(resultsStore(results), planName), seal(planSchema.parse(plan)));
}

function asked({ date: _date, argv: _argv, ...others }: Plan): object {
  return others;
}

/**
 * The plan of a results folder.
 *
 * @returns null when the folder has none
 * @throws UserError when it is damaged
 */
export async function readPlan(results: string): Promise<Plan | null> {
  const file = path.join(resultsStore(results), planName);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
  try {
    return planSchema.parse(unseal(text));
  } catch {
    throw new UserError(`${file} is damaged, or of another version of quantflex; run the sweep again: finished cells are kept`);
  }
}
