import { access, constants, copyFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { BackendName } from "../build/backends.ts";
import { type Build, targetsOf } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { planCell } from "../jobs/chain.ts";
import { makeRunner } from "../jobs/runner.ts";
import { cacheFolder, scratchParent } from "../paths.ts";
import { withScratch } from "../scratch.ts";
import { quantize } from "../steps/quantize.ts";
import { readText } from "../study/find.ts";
import { parseStudy } from "../study/parse.ts";
import type { Cell, Study } from "../study/types.ts";
import { askedModel, isShipped } from "./asked.ts";
import { builtTarget } from "./builtTarget.ts";
import { checkCalibrations } from "./calibrations.ts";
import type { Report } from "./events.ts";
import { fitCells, fitInputs } from "./fits.ts";
import { fitInputsWith, givenImportance } from "./givenImportance.ts";
import { checkModel, type Content, type Model } from "./inputs.ts";
import { momentsBytes } from "../steps/momentsBytes.ts";
import { removePartial, replaceFile } from "../writeAtomic.ts";

/** What `npm run quantize` was asked for. */
export interface QuantizeRequest {
  /** Path, or the name of one in models/. */
  model: string;
  /** Where the quantized file goes. */
  out: string;
  /** Type, table and so on, as a cell of a study has them. */
  cell: Record<string, unknown>;
  /** Calibration text; of a model in models/ its own by default. */
  calibration?: string | undefined;
  /** A ready importance matrix, in place of one that is computed. */
  imatrix?: string | undefined;
  /** At most so many chunks of the calibration text. */
  calibrationChunks?: number | undefined;
  threads: number;
  /** Bytes that second moments may take at once; half of the free memory by default. */
  memory?: number | undefined;
  /** What importance matrix and second moments are computed on; as of a sweep. */
  backend?: BackendName | undefined;
  device?: string | undefined;
  build?: Build | undefined;
}

/** A quantized file, and the tensors that error feedback did not reach. */
export interface Quantized {
  bytes: number;
  rounded: [tensor: string, reason: string][];
}

/**
 * Quantize a model outside of a study. Importance matrices and second moments are kept for the next time; the file is
 * written beside its place and renamed.
 *
 * @throws UserError when an input is at fault, before anything is computed
 */
export async function quantizeModel(request: QuantizeRequest, report: Report, signal: AbortSignal): Promise<Quantized> {
  const study = asStudy(request);
  const asked = study.cells[0]!;
  const model = await checkModel(await askedModel({ given: request.model, folder: "." }, { report, signal }), signal);
  if (asked.calibration && request.calibration === undefined && !isShipped(model.path)) {
    throw new UserError("give a calibration text with --calibration: of the kind that the model is used on, as the domain matters more than anything else");
  }
  const out = path.resolve(request.out);
  await checkOut(out, model.path);
  const imatrix = request.imatrix === undefined ? null : await givenImportance(request.imatrix, { model, cells: [asked], readsGguf: true }, report, signal);
  const calibrations = await checkCalibrations({ study, cells: [asked], folder: ".", given: request.calibration }, null, { report, signal });
  const training = asked.calibration && calibrations.get(asked.calibration.text);
  sayCosts(model, asked, training, report);

  const { backend, device, threads, build } = request;
  const target = await builtTarget({ backend, device, threads, build, programs: targetsOf(asked.feedback !== undefined) }, report, signal);
  const on = { ...target, memory: request.memory ?? target.memory };
  const settings = { context: study.context, batch: study.batch, ubatch: study.ubatch, chunks: null };
  const weighted = training ? { text: training, chunks: asked.calibration?.chunks ?? null, settings, on } : null;
  const [cell] = await fitCells([asked], new Set([asked.name]), () => imatrix ? fitInputsWith(model, imatrix) : fitInputs(model, weighted, report, signal), report, signal);
  const steps = planCell({ cell: cell!, study, settings, gguf: model.gguf, files: imatrix ? { imatrix: imatrix.known } : {} }, { model, text: model, ...(training && { training }), ...(imatrix && { imatrix }) }, on);
  const quantized = steps.find(({ step }) => step === quantize.name);
  if (!quantized) throw new UserError(`the model is of type ${asked.type} already`);
  return withScratch(scratchParent(), "quantize", async (folder) => {
    const watch = { signal, note: (text: string) => report({ kind: "note", text }), report: (step: string, text: string, fraction?: number) => report({ kind: "prepare", text: `${step}: ${text}`, fraction }) };
    const runner = makeRunner({ results: folder, steps }, on, folder, watch);
    const { result, files } = await runner.record(quantized.key);
    await place(await runner.file(quantized.key, "quantized"), out);
    return { bytes: files["quantized"]!.bytes, rounded: Object.entries((result["rounded"] as Record<string, string> | undefined) ?? {}) };
  });
}

/** The request as a study of one cell, so that the same is allowed and refused. */
function asStudy({ cell, calibration, calibrationChunks, imatrix }: QuantizeRequest): Study {
  const text = { text: calibration ?? "demo", ...(calibrationChunks !== undefined && { chunks: calibrationChunks }) };
  const study = JSON.stringify({ name: "quantize", calibration: text, cells: [{ name: "file", ...cell }] });
  try {
    return parseStudy(study, "quantize", (name) => readText(path.resolve(name), name), {}, { importance: imatrix !== undefined });
  } catch (error) {
    // Nobody wrote that study: a place in it says nothing.
    throw error instanceof UserError ? new UserError(error.message.replace(/^quantize:\d+:\d+: /gm, "")) : error;
  }
}

function sayCosts({ gguf, bytes }: Model, { type, feedback, calibration }: Cell, training: Content | undefined, report: Report): void {
  const note = (text: string): void => report({ kind: "note", text });
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(2)} GB`;
  note(`${path.basename(gguf.path)}, ${gigabytes(bytes)}, to ${type}`);
  if (training) note(`calibration text ${training.name}, ${calibration?.chunks === undefined ? "all of it" : `at most ${calibration.chunks} chunks`}; evaluated once${feedback ? ", or more often where memory is short" : ""}`);
  if (feedback) note(`second moments: ${gigabytes(momentsBytes(gguf))} on disk, kept in ${cacheFolder()} for the next time`);
}

/** Before what may take hours. @throws UserError when the file cannot be put there, or something else would be lost by it */
async function checkOut(out: string, model: string): Promise<void> {
  const status = await stat(out).catch(() => null);
  if (status && !status.isFile()) throw new UserError(`--out ${out} is no regular file, which a quantized file could replace; give another`);
  if (status && (await realpath(out)) === (await realpath(model))) throw new UserError(`--out ${out} is the model itself; give another file`);
  await access(path.dirname(out), constants.W_OK).catch((error: Error) => {
    throw new UserError(`${out} cannot be written (${error.message}); give another file with --out`);
  });
}

async function place(file: string, out: string): Promise<void> {
  await removePartial(path.dirname(out));
  await replaceFile(out, (partial) => copyFile(file, partial)).catch((error: Error) => {
    throw new UserError(`${out} cannot be written (${error.message}); give another file with --out`);
  });
}
