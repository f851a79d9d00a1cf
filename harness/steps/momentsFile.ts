import { UserError } from "../errors.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";

/**
 * Checks that second moments are of the model and of as much text as was asked for.
 *
 * @throws UserError naming what is not
 */
export async function checkMoments(file: string, model: Gguf, { context, chunks }: { context: number; chunks: number | null }): Promise<void> {
  const wrong = (what: string): UserError => new UserError(`llama-moments made other second moments than were asked for: ${what}`);
  const { metadata } = await readGguf(file);
  const said = (key: string): unknown => metadata.get(key);
  if (said("general.type") !== "moments") throw wrong(`the file's type is ${String(said("general.type"))}`);
  if (said("moments.context") !== context) throw wrong(`of chunks of ${String(said("moments.context"))} tokens, not ${context}`);
  const count = said("moments.chunks");
  if (typeof count !== "number" || count < 1 || (chunks !== null && count > chunks)) throw wrong(`over ${String(count)} chunks, not ${chunks ?? "all"}`);
  const weights = said("moments.weights");
  const names = new Set(model.tensors.map(({ name }) => name));
  if (!Array.isArray(weights) || weights.length === 0) throw wrong("of no tensor");
  const strange = weights.find((name) => !names.has(String(name)));
  if (strange !== undefined) throw wrong(`of tensor ${String(strange)}, which the model does not have`);
}
