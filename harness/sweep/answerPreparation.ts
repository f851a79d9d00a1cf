import { stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { type PreparationFiles, preparationFiles } from "../executors/slurm/preparation.ts";
import { UserError } from "../errors.ts";
import { readJson } from "../json.ts";
import { reasonOf } from "../process/reason.ts";
import type { Device } from "../steps/devices.ts";
import { writeAtomic } from "../writeAtomic.ts";
import type { Report } from "./events.ts";
import { checkResults } from "./inputs.ts";
import { prepareHere } from "./prepareHere.ts";
import { readInputs } from "./readInputs.ts";
import type { SweepRequest } from "./request.ts";

const deviceSchema = z.strictObject({
  name: z.string(),
  asked: z.string(),
  line: z.string(),
  driver: z.string().nullable(),
  totalBytes: z.number(),
  freeBytes: z.number(),
  server: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
}) as unknown as z.ZodType<Device>;

/** What cells run on, as a node of a cluster has it. */
export const nodeTargetSchema = z.strictObject({
  host: z.string(),
  failure: z.null(),
  /** Key of the build. */
  build: z.string(),
  device: deviceSchema.nullable(),
  /** As of a target. */
  memory: z.number(),
  xz: z.string().nullable(),
});

/** What cells run on, as a node of a cluster has it. */
export type NodeTarget = z.infer<typeof nodeTargetSchema>;

const answerSchema = z.union([nodeTargetSchema, z.strictObject({ host: z.string(), failure: z.string() })]);

const requestSchema = z.strictObject({
  /** Folder that paths count from. */
  cwd: z.string(),
  /** A sweep's. */
  request: z.record(z.string(), z.unknown()),
});

/** What a node is told. @throws UserError for what only this machine can read */
export async function requestForNode(request: SweepRequest): Promise<z.infer<typeof requestSchema>> {
  const { timing: _timing, detach: _detach, ...rest } = request;
  for (const file of [rest.study, rest.model, rest.text, rest.calibration, rest.imatrix, ...(rest.also ?? [])]) {
    const found = file === undefined ? null : await stat(file).catch(() => null);
    // A folder is another thing by that name, as a study or a model may have it.
    if (found && ((!found.isFile() && !found.isDirectory()) || /^\/(?:dev|proc)\//.test(file!))) throw new UserError(`${file} is no file that a node can read: put it into one, or give --prepare here`);
  }
  return { cwd: process.cwd(), request: { ...rest, slurm: { ...rest.slurm, prepare: "here" } } };
}

/** Makes ready on this machine, a node, what a sweep's cells need, and leaves the answer beside the request. */
export async function answerPreparation(file: string, report: Report, signal: AbortSignal): Promise<z.infer<typeof answerSchema>> {
  const { answer } = preparationFiles(path.dirname(file));
  const host = os.hostname();
  const made = await prepare(file, report, signal).then((found): z.infer<typeof answerSchema> => ({ host, failure: null, ...found }), (error: unknown) => {
    signal.throwIfAborted();
    return { host, failure: `node ${host}: ${reasonOf(error)}` };
  });
  await writeAtomic(answer, JSON.stringify(made), { fsync: false });
  return made;
}

async function prepare(file: string, report: Report, signal: AbortSignal): Promise<Pick<NodeTarget, "build" | "device" | "memory" | "xz">> {
  const { cwd, request } = await readJson(file, requestSchema, "npm run sweep writes it");
  try {
    process.chdir(cwd);
  } catch {
    throw new UserError(`it does not see ${cwd}, where the sweep was started: start it in a folder that all nodes see`);
  }
  const asked = request as unknown as SweepRequest;
  const inputs = await readInputs(asked, checkResults, report, signal);
  const { targets: [{ build, device, memory, xz }] } = await prepareHere({ inputs, request: asked, report, signal });
  return { build: build.key, device: device ?? null, memory, xz };
}

/** @throws UserError what a node answers that could not do what it was asked for */
export async function readAnswer({ answer }: PreparationFiles): Promise<z.infer<typeof answerSchema>> {
  return readJson(answer, answerSchema, "npm run sweep again has it made anew");
}
