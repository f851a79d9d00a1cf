import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf } from "../gguf/read.ts";
import { tensorTypeNamed } from "../gguf/types.ts";
import { type Cell, floatTypes } from "../study/types.ts";
import { fileTypeNamed, smallerBlocks } from "./fileTypes.ts";
import { ruledTensors } from "./ruledTensors.ts";

/**
 * Names of a model's tensors whose rows fill the blocks neither of the type nor of what upstream has in its place: some
 * releases refuse them, so they are asked for in F16.
 */
export function misfits(gguf: Gguf, cell: Pick<Cell, "name" | "type" | "tensors">): string[] {
  if (floatTypes.includes(cell.type)) return [];
  const ruled = ruledTensors(gguf, cell);
  return quantizableTensors(gguf).flatMap(({ name, shape: [row = 0] }) => {
    const wanted = ruled[name] ?? fileTypeNamed(cell.type).tensor;
    const { blockElements } = tensorTypeNamed(smallerBlocks(wanted) ?? wanted);
    return row % blockElements === 0 ? [] : [name];
  });
}

/** Whether the model is of the cell's type as it stands, so that there is nothing to quantize. */
export function hasType(gguf: Pick<Gguf, "tensors">, type: string): boolean {
  return floatTypes.includes(type) && quantizableTensors(gguf).every((tensor) => tensor.type === type);
}
