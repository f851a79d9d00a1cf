import { gaussianTableValues } from "../analysis/jointTable.ts";
import { UserError } from "../errors.ts";
import type { Gguf, GgufTensor } from "../gguf/read.ts";
import type { FitRequest } from "../study/types.ts";
import type { Fit } from "./fitBlocks.ts";
import { fitInThread } from "./fitInThread.ts";
import type { Importance } from "./imatrix.ts";
import { codableTensors, sampleBlocks } from "./sample.ts";

/** Blocks that the model's table is fitted to: a quarter of a million weights say all that 16 values can use. */
const modelBlocks = 8192;

/** The same for a kind's or a tensor's table, of which there are many. */
const tensorBlocks = 4096;

/** The tables that a request asked for. */
export interface Fitted extends Fit {
  /** For `per: kind` and `per: tensor`, each with the names that it is for, `*` standing for any text. */
  tensors: (Fit & { pattern: string })[];
}

/**
 * Fit tables to a model's weights.
 *
 * @param importance an importance matrix; needed with `weights: imatrix`
 * @param report called before each table with its pattern and the fraction done
 * @throws UserError when the model has no tensor that a table could code, or no importance matrix is there
 */
export async function fitTables(
  gguf: Gguf,
  request: FitRequest,
  importance: Importance | undefined,
  report: (pattern: string, fraction: number) => void = () => undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<Fitted> {
  const tensors = codableTensors(gguf);
  if (tensors.length === 0) throw new UserError(`${gguf.path} has no tensor that a table could code: none has rows of whole blocks of 32 weights`);
  if (request.weights === "imatrix" && !importance) throw new UserError("weights imatrix needs an importance matrix: give its training text (imatrix: in a study, --imatrix-text for npm run fit)");
  const used = request.weights === "imatrix" ? importance : undefined;
  const groups = groupTensors(tensors, request.per);
  const count = groups.size + 1;
  const one = async (pattern: string, index: number, chosen: readonly GgufTensor[]): Promise<Fit> => {
    signal.throwIfAborted();
    report(pattern, index / count);
    const blocks = await sampleBlocks(gguf, chosen, pattern === "*" ? modelBlocks : tensorBlocks, used);
    return fitInThread({ blocks, request, from }, signal);
  };
  let from: readonly (readonly number[])[] | undefined;
  const whole = await one("*", 0, tensors);
  if (request.method === "joint") from = [whole.values, gaussianTableValues];
  const fitted: Fitted = { ...whole, tensors: [] };
  for (const [index, [pattern, chosen]] of [...groups].entries()) fitted.tensors.push({ pattern, ...(await one(pattern, index + 1, chosen)) });
  return fitted;
}

/** What tables are for: none of its own for `model`, else a pattern for each kind or tensor. */
function groupTensors(tensors: readonly GgufTensor[], per: FitRequest["per"]): Map<string, GgufTensor[]> {
  const groups = new Map<string, GgufTensor[]>();
  if (per === "model") return groups;
  for (const tensor of tensors) {
    const pattern = per === "tensor" ? tensor.name : kindPattern(tensor.name);
    groups.set(pattern, [...(groups.get(pattern) ?? []), tensor]);
  }
  return groups;
}

/** The pattern of a tensor's kind: its name with `*` for the layer's number, as `blk.*.attn_q.weight`. */
function kindPattern(name: string): string {
  return name.replace(/\.\d+\./, ".*.");
}
