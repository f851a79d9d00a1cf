/** Weights of tensors together. */
export function weightsOf(tensors: readonly { elements: number }[]): number {
  return tensors.reduce((sum, { elements }) => sum + elements, 0);
}
