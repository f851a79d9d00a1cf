import { UserError } from "../errors.ts";
import type { Gguf } from "../gguf/read.ts";
import { vocabularySize } from "../gguf/vocabulary.ts";
import type { Model } from "./inputs.ts";

/** What other files there are in the format of models, by their `general.type`. */
const kinds: Record<string, string> = {
  adapter: "an adapter (LoRA); merge it into its model first, with llama-export-lora",
  mmproj: "a projector for images or sound; give the language model that it belongs to",
  imatrix: "an importance matrix; give the model that it was computed for",
  vocab: "a vocabulary without weights; give a whole model",
};

/** Older files have no `general.type`, but keys that no model has. */
const keysOfKinds: readonly [key: RegExp, kind: string][] = [[/^adapter\./, "adapter"], [/^clip\./, "mmproj"], [/^imatrix\./, "imatrix"]];

/**
 * Refuses what is no whole model.
 *
 * @param file for messages
 * @throws UserError that says what it is, and the way out
 */
export function refuseOtherKind(file: string, { metadata }: Pick<Gguf, "metadata">): void {
  const said = metadata.get("general.type");
  const [, byKey] = keysOfKinds.find(([key]) => [...metadata.keys()].some((one) => key.test(one))) ?? [];
  const kind = said === undefined ? byKey : String(said);
  if (kind !== undefined && kind !== "model") throw new UserError(`model ${file} is no model but ${kinds[kind] ?? `of the kind ${JSON.stringify(kind)} (general.type); give a model`}`);
  if (typeof metadata.get("general.architecture") !== "string") throw new UserError(`model ${file} does not say of which architecture it is (general.architecture); convert it again with upstream's converter`);
}

const noTokenizers: readonly unknown[] = ["none", "no_vocab"];
/** What llama-quantize puts tensors at multiples of, whatever the file says. */
const alignmentWritten = 32;

/**
 * Refuses a model that no cell of a study can be measured with.
 *
 * @throws UserError when it has no tokenizer, or an alignment that llama-quantize does not keep
 */
export function refuseUnmeasurable({ path: file, gguf }: Pick<Model, "path" | "gguf">): void {
  const tokenizer = gguf.metadata.get("tokenizer.ggml.model");
  if (typeof tokenizer !== "string" || noTokenizers.includes(tokenizer) || vocabularySize(gguf) === null)
    throw new UserError(`model ${file} has no tokenizer (tokenizer.ggml.model and tokens), which evaluating a text needs; convert it again with its tokenizer files`);
  if (gguf.alignment !== alignmentWritten)
    throw new UserError(`model ${file} has general.alignment ${gguf.alignment}; llama-quantize writes files with it that cannot be read. Convert the model again with an alignment of ${alignmentWritten}`);
}
