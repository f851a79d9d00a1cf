import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf } from "../gguf/read.ts";

/** Matrices of a layer that multiply the same input, by the part of their names that tells them. */
const sharing: readonly RegExp[] = [/attn_(q|k|v|qkv)$/, /ffn_(gate|up)(_exps|_shexp)?$/];

/** An input of matrix multiplications. */
interface MomentsInput {
  columns: number;
  /** How many have one of their own. */
  experts: number;
  isOfLayer: boolean;
}

/** The distinct inputs of a model's matrix multiplications. */
function inputsOf(gguf: Gguf): MomentsInput[] {
  const inputs = new Map<string, MomentsInput>();
  for (const { name, shape: [columns = 0, , experts = 1] } of quantizableTensors(gguf)) {
    const base = name.replace(/\.weight$/, "");
    if (base === "token_embd" && gguf.tensors.some((tensor) => tensor.name === "output.weight")) continue;
    const kind = sharing.findIndex((pattern) => pattern.test(base));
    const input = kind < 0 ? base : `${base.replace(/[^.]*$/, "")}${kind}${/_\w*exps?$/.exec(base)?.[0] ?? ""}`;
    inputs.set(input, { columns, experts, isOfLayer: base.startsWith("blk.") });
  }
  return [...inputs.values()];
}

/**
 * Bytes of the second moments of a model's matrix multiplications: half of a symmetric matrix in F32 for each distinct
 * input, of which a mixture's experts have one each.
 */
export function momentsBytes(gguf: Gguf): number {
  return inputsOf(gguf).reduce((sum, { columns, experts }) => sum + experts * ((columns * (columns + 1)) / 2) * 4, 0);
}

/** How llama-moments gathers: columns of a strip, and rows that are copied side by side. Source: patches/pablo/pablo-gather.cpp. */
const gathered = { strip: 32, rows: 256 };

/**
 * How often the text is read until a model's second moments are collected: what does not fit beside those before it is left
 * for another pass. Source: `plan` in patches/pablo/pablo-moments-collector.cpp.
 *
 * @param bytes that they may take at one time, with what they are gathered from
 */
export function momentsPasses(gguf: Gguf, bytes: number): number {
  const { strip, rows } = gathered;
  const all = inputsOf(gguf).map(({ columns, ...input }) => ({ ...input, strips: Math.ceil(columns / strip) }));
  // The layers' come first when the model is computed, whatever the order in its file.
  const inOrder = [...all.filter(({ isOfLayer }) => isOfLayer), ...all.filter(({ isOfLayer }) => !isOfLayer)];
  const scratch = inOrder.reduce((most, { strips }) => Math.max(most, 4 * strips * strip * rows), 0);
  let [passes, held] = [1, scratch];
  for (const { strips, experts } of inOrder) {
    const sum = 4 * ((strips * (strips + 1)) / 2) * strip ** 2;
    for (let expert = 0; expert < experts; expert++) {
      if (held + sum > bytes) [passes, held] = [passes + 1, scratch];
      held += sum;
    }
  }
  return passes;
}

/** Bytes for each entry of a square matrix: of a factor that is kept, and of one that is made, with the half that it is made from and that in double precision. */
const factorBytes = { kept: 6, made: 12 };

/**
 * Bytes that factors of second moments take at most while a tensor of so many columns is quantized by them: its own is made
 * while the one before it, perhaps the model's largest, is kept. Source: patches/pablo/pablo-factor.cpp, and `factor_of` in
 * pablo-feedback-model.cpp.
 */
export function factorsBytes(columns: number, gguf: Gguf): number {
  const others = inputsOf(gguf).flatMap((input) => (input.columns === columns ? [] : [input.columns]));
  return factorBytes.made * columns ** 2 + factorBytes.kept * others.reduce((most, other) => Math.max(most, other), 0) ** 2;
}
