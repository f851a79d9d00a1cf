import { UserError } from "../errors.ts";
import { readImportance } from "../fit/imatrix.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { perplexityPlan } from "../parse/perplexity.ts";

/**
 * Tokens of a batch that llama-imatrix leaves out at most, and does not count: three chunks of 512 are computed as 3 × 170 of
 * each, and the rest is too few. Source: `collect_imatrix` in upstream's tools/imatrix/imatrix.cpp.
 */
const leftOut = 15;

/**
 * Checks that an importance matrix is of the model and of as much text as was asked for, and that its numbers are some.
 *
 * @param printed what llama-imatrix printed
 * @throws UserError naming what is not
 */
export async function checkImportance(file: string, model: Gguf, { context, chunks }: { context: number; chunks: number | null }, printed: string): Promise<void> {
  const wrong = (what: string): UserError => new UserError(`llama-imatrix made another importance matrix than was asked for: ${what}`);
  const { metadata } = await readGguf(file);
  const plan = perplexityPlan(printed);
  if (!plan) throw wrong("it did not say over how many chunks");
  if (chunks !== null && plan.chunks > chunks) throw wrong(`over ${plan.chunks} chunks, not ${chunks}`);
  const [size, count] = [metadata.get("imatrix.chunk_size"), metadata.get("imatrix.chunk_count")];
  if (size !== context || plan.contextTokens !== context) throw wrong(`of chunks of ${String(size)} tokens, not ${context}`);
  const least = Math.floor(plan.chunks * (1 - leftOut / context));
  if (typeof count !== "number" || count < least || count > plan.chunks) throw wrong(`over ${String(count)} chunks, where it said ${plan.chunks}`);
  const rows = new Map(model.tensors.map(({ name, shape }) => [name, shape[0]]));
  const importance = await readImportance(file);
  if (importance.size === 0) throw wrong("without any tensor");
  for (const [name, columns] of importance) {
    if (rows.get(name) !== columns.length) throw wrong(`${name} has ${columns.length} columns, in the model ${String(rows.get(name) ?? "none")}`);
  }
}
