import type { BackendName } from "../build/backends.ts";
import { UserError } from "../errors.ts";
import { cachedFit } from "../fit/cached.ts";
import type { FittedFile } from "../fit/file.ts";
import { ensureCache } from "../paths.ts";
import { askedModel, calibrationText, isShipped } from "./asked.ts";
import { defaultMethod, type FitRequest } from "../study/types.ts";
import type { Report } from "./events.ts";
import { builtTarget } from "./builtTarget.ts";
import { type FitImatrix, fitInputs } from "./fits.ts";
import { fitInputsWith, givenImportance } from "./givenImportance.ts";
import { checkModel } from "./inputs.ts";
import { calibrationUse, checkText } from "./textInput.ts";

/** What `npm run fit` was asked for. */
export interface FitModelRequest extends Omit<FitRequest, "method"> {
  /** Path, or the name of one in models/; sotu-1m by default. */
  model?: string;
  /** Joint with a searched scale, else Lloyd-Max. */
  method?: FitRequest["method"];
  /** Calibration text of the importance matrix; the demo models' by default. */
  calibration?: string;
  imatrixChunks?: number;
  /** A ready importance matrix, in place of one over the calibration text. */
  imatrix?: string;
  threads: number;
  /** What the importance matrix is computed on; as of a sweep. */
  backend?: BackendName;
  device?: string;
}

const context = 512;

/**
 * Fit tables to a model, outside of a study. llama.cpp is built only for an importance matrix.
 *
 * @throws UserError when the model or the training text is at fault, or method and scale contradict each other
 */
export async function fitModel(request: FitModelRequest, report: Report, signal: AbortSignal): Promise<FittedFile> {
  const { per, weights, scale, method = defaultMethod(scale) } = request;
  if (method === "joint" && scale === "absmax") throw new UserError("--method joint fits table and scales together: it needs --scale search");
  refuseContradiction(request);
  ensureCache();
  const model = await checkModel(await askedModel({ given: request.model, folder: "." }, { report, signal }), signal);
  const say = (pattern: string, fraction: number): void => report({ kind: "prepare", text: `fitting: ${pattern}`, fraction });
  const inputs = request.imatrix === undefined
    ? fitInputs(model, weights === "imatrix" ? await importance(model.path, request, report, signal) : null, report, signal)
    : fitInputsWith(model, await givenImportance(request.imatrix, { model, readsGguf: true }, report, signal));
  return cachedFit({ method, per, weights, scale }, inputs, say, signal);
}

function refuseContradiction({ imatrix, weights, calibration, imatrixChunks, device }: FitModelRequest): void {
  const isComputed = weights === "imatrix" && imatrix === undefined;
  if (device !== undefined && !isComputed) throw new UserError(`--device ${device}: only an importance matrix is computed there; give --weights imatrix without --imatrix, or leave it out`);
  if (imatrix === undefined) return;
  if (weights !== "imatrix") throw new UserError(`--imatrix is for --weights imatrix, where errors count by it, and not for --weights ${weights}`);
  if (calibration !== undefined || imatrixChunks !== undefined) throw new UserError("--imatrix gives an importance matrix that is there, --calibration and --imatrix-chunks a text to compute one on: give one of both");
}

async function importance(model: string, request: FitModelRequest, report: Report, signal: AbortSignal): Promise<FitImatrix> {
  if (!isShipped(model) && request.calibration === undefined) throw new UserError("--weights imatrix needs --calibration, a text of the kind that the model was trained on, and not the one to be measured on");
  const text = await checkText(await calibrationText({ given: request.calibration, study: "demo", folder: "." }, { report, signal }), context, signal, calibrationUse);
  const { backend, device, threads } = request;
  return { text, chunks: request.imatrixChunks ?? null, settings: { context, batch: 2048, ubatch: 512 }, on: await builtTarget({ backend, device, threads, programs: ["llama-imatrix"] }, report, signal) };
}
