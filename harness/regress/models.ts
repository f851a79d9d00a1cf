import { existsSync } from "node:fs";
import path from "node:path";
import { gaussianTensors } from "../gguf/gaussianModel.ts";
import { llamaFields, type LlamaShape } from "../gguf/llamaModel.ts";
import { writeGguf } from "../gguf/write.ts";
import type { TestModel } from "./types.ts";

const shapes: Record<"small" | "medium", LlamaShape> = {
  small: { layers: 1, width: 256, feedForward: 512, heads: 4, keyValueHeads: 2, vocabulary: 512 },
  medium: { layers: 4, width: 512, feedForward: 1536, heads: 8, keyValueHeads: 8, vocabulary: 2048 },
};

/**
 * A model of Gaussian weights whose rows are multiples of 256, the same each time.
 *
 * @param size "small" has 1 M weights, "medium" 16 M: enough to take time on
 * @returns the model, written to `folder` unless it is there already
 */
export async function syntheticModel(folder: string, size: keyof typeof shapes = "small"): Promise<TestModel> {
  const name = `gaussian-${size}`;
  const file = path.join(folder, `${name}.gguf`);
  if (!existsSync(file)) await writeGguf(file, llamaFields(name, shapes[size], "F16"), gaussianTensors(shapes[size], "F16", 1));
  return { name, path: file };
}
