import { chunkNll } from "../analysis/tokenPerplexity.ts";
import { type LostToken, worstTokens } from "../analysis/worstTokens.ts";
import { UserError } from "../errors.ts";
import { type Detokenizer, detokenizer } from "../gguf/detokenize.ts";
import { readGguf } from "../gguf/read.ts";
import { chunksPerBatch, firstFrames } from "../steps/growingFrames.ts";
import { contentHash } from "../store/contentHash.ts";
import type { Plan } from "../store/plan.ts";
import { measured, type Measured, type Results } from "./load.ts";

/**
 * The vocabulary of the model that was quantized.
 *
 * @throws UserError when the model's file is gone, or has another content than it had
 */
export async function readVocabulary({ model }: Plan): Promise<Detokenizer> {
  const way = "tokens are shown by its vocabulary; put the file back where it was";
  const hash = await contentHash(model.path).catch(() => null);
  if (hash === null) throw new UserError(`model ${model.path} is gone or cannot be read: ${way}`);
  if (hash !== model.sha256) throw new UserError(`model ${model.path} has another content than when it was measured: ${way}`);
  return detokenizer((await readGguf(model.path)).metadata);
}

/** The cells that were compared with a reference. */
export function comparedCells(results: Results): Measured[] {
  return measured(results).filter(({ record }) => record.divergence !== null);
}

/**
 * The tokens that a cell lost most on, worst first.
 *
 * @param batches how the text was evaluated
 * @param count at most so many
 * @throws UserError when what was found for each token is gone, or is not what the record was computed from
 */
export async function lostTokens({ cell, record, frames: file }: Measured, batches: Plan["parameters"], count: number): Promise<LostToken[]> {
  const { chunks } = record.perplexity;
  const frames = file === null ? null : await firstFrames(file, chunks.length, chunksPerBatch(batches));
  if (frames?.every((frame, index) => frame.reference && chunkNll(frame) === chunks[index])) return worstTokens(frames, count);
  throw new UserError(`cell ${cell.name}: what was found for each of its tokens is gone or damaged (${file ?? "no file"}); remove ${record.steps.get("evaluate")?.key ?? "its record"} from the folder store/evaluate, and run the sweep again`);
}
