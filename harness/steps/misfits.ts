import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf, GgufTensor } from "../gguf/read.ts";
import { tensorTypeNamed, tensorTypes } from "../gguf/types.ts";
import { type Cell, floatTypes } from "../study/types.ts";
import { ruledTensors } from "./ruledTensors.ts";

/** A tensor that cannot have the cell's type, and why. */
export interface Misfit {
  name: string;
  reason: string;
}

/** The tensor type that a file type gives with `--pure`; undefined where upstream chooses among several. */
export function tensorTypeOf(type: string): string | undefined {
  const names = new Set([...tensorTypes.values()].map(({ name }) => name));
  if (/^IQ[123]/.test(type)) return undefined;
  return [type, type.replace(/_[SML]$/, ""), type.replace(/_MOE$/, "")].find((name) => names.has(name));
}

/**
 * Tensors of a model whose rows do not fill blocks of 32 weights (or of the type, where its blocks
 * are larger and upstream knows no smaller one): the release refuses them, so they stay F16.
 */
export function misfits(gguf: Gguf, cell: Pick<Cell, "name" | "type" | "tensors">): Misfit[] {
  if (floatTypes.includes(cell.type)) return [];
  const ruled = ruledTensors(gguf, cell);
  return quantizableTensors(gguf).flatMap((tensor) => misfit(tensor, ruled[tensor.name] ?? cell.type) ?? []);
}

function misfit({ name: tensor, shape: [row = 0] }: GgufTensor, type: string): Misfit | null {
  const name = tensorTypeOf(type);
  const elements = name ? tensorTypeNamed(name).blockElements : 32;
  // Upstream falls back by itself from blocks of 256 (and Q2_0's 64) to blocks of 32.
  const block = elements === 256 || name === "Q2_0" ? 32 : elements;
  return row % block === 0 ? null : { name: tensor, reason: `F16: rows of ${row} weights are no multiple of ${block}` };
}

/** Whether the model is of the cell's type as it stands, so that there is nothing to quantize. */
export function hasType(gguf: Gguf, type: string): boolean {
  return floatTypes.includes(type) && quantizableTensors(gguf).every((tensor) => tensor.type === type);
}
