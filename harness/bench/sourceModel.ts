import { createHash } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { gaussianTensors } from "../gguf/gaussianModel.ts";
import { llamaFields, llamaShapes } from "../gguf/llamaModel.ts";
import { readGguf } from "../gguf/read.ts";
import { writeGguf, type TensorSource } from "../gguf/write.ts";

/** Sizes of the models that are measured on. */
export type Params = keyof typeof llamaShapes;

/** A model to measure on. */
export interface SourceModel {
  /** A size, or the file's name. */
  name: string;
  file: string;
  bytes: number;
  tensors: number;
}

const seed = 1;

/** What has to be known about a model file. @throws UserError when it is none */
export async function describeModel(name: string, file: string): Promise<SourceModel> {
  const { tensors } = await readGguf(file);
  if (!tensors.some(({ type }) => type === "F16")) throw new UserError(`${file} has no tensors in F16. Give a model in F16.`);
  return { name, file, bytes: (await stat(file)).size, tensors: tensors.length };
}

/**
 * Makes sure that the Gaussian F16 model of this size is in the cache: written once, by what it is
 * made of. It streams, so that memory does not depend on the size.
 *
 * @throws {Error} with the name `AbortError` when aborted; nothing is left behind then
 */
export async function ensureSourceModel(cache: string, params: Params, signal: AbortSignal, report: (text: string) => void): Promise<SourceModel> {
  const fields = llamaFields(`gaussian-${params}`, llamaShapes[params], "F16");
  const tensors = gaussianTensors(llamaShapes[params], "F16", seed);
  const file = path.join(cache, "models", `gaussian-${params}-f16-${await digest(fields, tensors)}.gguf`);
  const known = await describeModel(params, file).catch(() => undefined);
  if (known) return known;
  await mkdir(path.dirname(file), { recursive: true });
  await writeGguf(
    file,
    fields,
    tensors.map((tensor, index) => ({
      ...tensor,
      pieces() {
        if (index % Math.ceil(tensors.length / 10) === 0) report(`writing ${path.basename(file)}: tensor ${index + 1} of ${tensors.length}`);
        return tensor.pieces();
      },
    })),
    signal,
  );
  return describeModel(params, file);
}

/** Of the metadata, the tensors' names and shapes, and the first weights. */
async function digest(fields: unknown, tensors: readonly TensorSource[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([fields, tensors, seed]));
  for await (const piece of tensors[0]?.pieces() ?? []) {
    hash.update(piece);
    break;
  }
  return hash.digest("hex").slice(0, 12);
}
