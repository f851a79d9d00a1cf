import path from "node:path";
import type { Gguf } from "../gguf/read.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { keepJson, keptJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import type { FitRequest } from "../study/types.ts";
import { type FittedFile, fittedFile, fittedFileSchema, type ImatrixSource } from "./file.ts";
import { fitTables } from "./fit.ts";
import type { Importance } from "./imatrix.ts";

/** Version of how tables are fitted: a change of it makes every kept table a miss. */
const fitVersion = 2;

/** What tables are fitted to. */
export interface FitInputs {
  model: { name: string; sha256: string; gguf: Gguf };
  /** The importance matrix, read when it is needed. */
  imatrix?: { source: ImatrixSource; importance(): Promise<Importance> } | undefined;
}

/** Fitted tables from the cache folder, when the same were fitted before; else null. */
export async function keptFit(request: FitRequest, inputs: FitInputs): Promise<FittedFile | null> {
  const { model } = inputs;
  const kept = await keptJson(keptFile(request, inputs), fittedFileSchema);
  return kept && { ...kept, provenance: { ...kept.provenance, model: { name: model.name, sha256: model.sha256 } } };
}

/**
 * Fitted tables, from the cache folder or newly made and kept there.
 *
 * @param report as for {@link fitTables}
 */
export async function cachedFit(
  request: FitRequest,
  inputs: FitInputs,
  report: (pattern: string, fraction: number) => void,
  signal: AbortSignal,
): Promise<FittedFile> {
  const kept = await keptFit(request, inputs);
  if (kept) return kept;
  const { model } = inputs;
  const imatrix = request.weights === "imatrix" ? inputs.imatrix : undefined;
  const fitted = fittedFile(await fitTables(model.gguf, request, await imatrix?.importance(), report, signal), request, model, imatrix?.source ?? null);
  await keepJson(keptFile(request, inputs), fitted);
  return fitted;
}

function keptFile(request: FitRequest, { model, imatrix }: FitInputs): string {
  const source = request.weights === "imatrix" ? (imatrix?.source ?? null) : null;
  return path.join(cacheFolder(), "fits", `${hashText(canonicalJson({ fitVersion, request, model: model.sha256, imatrix: source }))}.json`);
}
