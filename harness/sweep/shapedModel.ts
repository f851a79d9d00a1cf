import path from "node:path";
import { knownShapes, llamaFields, llamaTensors } from "../gguf/llamaModel.ts";
import { readGguf } from "../gguf/read.ts";
import { writeHollowGguf } from "../gguf/write.ts";
import { hashText } from "../hash.ts";
import type { Model } from "./inputs.ts";

/** Names of shapes that can be planned for without a file. */
export type ShapeName = keyof typeof knownShapes;

/**
 * A model in F16 of a known shape, for those who plan: its file has a header alone, and its checksum is none.
 *
 * @param folder where the file lies as long as it is read
 */
export async function shapedModel(shape: ShapeName, folder: string): Promise<Model> {
  const file = path.join(folder, `${shape}-f16.gguf`);
  const tensors = llamaTensors(knownShapes[shape]).map((tensor) => ({ ...tensor, type: tensor.shape.length === 1 ? "F32" : "F16" }));
  await writeHollowGguf(file, llamaFields(shape, knownShapes[shape], "F16"), tensors);
  const gguf = await readGguf(file);
  return { name: shape, path: `shape ${shape}`, sha256: hashText(`shape ${shape}`), bytes: gguf.fileBytes, gguf };
}
