import path from "node:path";
import type { Gguf } from "../gguf/read.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { keptJson, rememberJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import type { FitRequest } from "../study/types.ts";
import { type FittedFile, fittedFile, fittedFileSchema, type ImatrixSource } from "./file.ts";
import { fitTables } from "./fit.ts";
import type { Importance } from "./imatrix.ts";

/** Version of how tables are fitted: a change of it makes every kept table a miss. */
const fitVersion = 3;

/** What tables are fitted to. */
export interface FitInputs {
  model: { name: string; sha256: string; gguf: Gguf };
  /** The importance matrix, read when it is needed, and the key of the step that makes it: settings and build decide it too. */
  imatrix?: { source: ImatrixSource; key: string; importance(): Promise<Importance> } | undefined;
}

/** Fitted tables from the cache folder, when the same were fitted before; else null. */
export async function keptFit(request: FitRequest, inputs: FitInputs): Promise<FittedFile | null> {
  const kept = await keptJson(keptFile(request, inputs), fittedFileSchema);
  if (!kept) return null;
  const { model, imatrix } = inputs;
  // Names may be others than when the table was fitted.
  const sources = { model: { name: model.name, sha256: model.sha256 }, imatrix: kept.provenance.imatrix && (imatrix?.source ?? null) };
  return { ...kept, provenance: { ...kept.provenance, ...sources } };
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
  await rememberJson(keptFile(request, inputs), fitted);
  return fitted;
}

function keptFile(request: FitRequest, { model, imatrix }: FitInputs): string {
  const importance = request.weights === "imatrix" ? (imatrix?.key ?? null) : null;
  return path.join(cacheFolder(), "fits", `${hashText(canonicalJson({ fitVersion, request, model: model.sha256, imatrix: importance }))}.json`);
}
