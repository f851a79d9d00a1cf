import type { Gguf } from "./read.ts";

/** Weights of tensors together. */
export function weightsOf(tensors: readonly { elements: number }[]): number {
  return tensors.reduce((sum, { elements }) => sum + elements, 0);
}

/** Weights that a token meets: of a mixture's experts those that are used for it. */
export function activeWeights({ metadata, tensors }: Pick<Gguf, "metadata" | "tensors">): number {
  const said = (key: string): number => Number(metadata.get(`${String(metadata.get("general.architecture"))}.${key}`)) || 0;
  const [experts, used] = [said("expert_count"), said("expert_used_count")];
  const share = experts > 0 && used > 0 ? Math.min(1, used / experts) : 1;
  return tensors.reduce((sum, { name, elements }) => sum + elements * (/_exps\.weight$/.test(name) ? share : 1), 0);
}
