import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf } from "../gguf/read.ts";

/** Matrices of a layer that multiply the same input, by the part of their names that tells them. */
const sharing: readonly RegExp[] = [/attn_(q|k|v|qkv)$/, /ffn_(gate|up)(_exps|_shexp)?$/];

/**
 * Bytes of the second moments of a model's matrix multiplications: half of a symmetric matrix in F32 for each distinct
 * input, of which a mixture's experts have one each.
 */
export function momentsBytes(gguf: Gguf): number {
  const inputs = new Map<string, number>();
  for (const { name, shape: [row = 0, , experts = 1] } of quantizableTensors(gguf)) {
    const base = name.replace(/\.weight$/, "");
    if (base === "token_embd" && gguf.tensors.some((tensor) => tensor.name === "output.weight")) continue;
    const kind = sharing.findIndex((pattern) => pattern.test(base));
    const input = kind < 0 ? base : `${base.replace(/[^.]*$/, "")}${kind}${/_\w*exps?$/.exec(base)?.[0] ?? ""}`;
    inputs.set(input, experts * ((row * (row + 1)) / 2) * 4);
  }
  return [...inputs.values()].reduce((sum, bytes) => sum + bytes, 0);
}
