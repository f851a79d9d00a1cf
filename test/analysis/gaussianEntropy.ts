/** Differential entropy of a Gaussian of standard deviation `deviation`, in bits: ½ log2(2πe·deviation²). */
export function gaussianEntropy(deviation: number): number {
  return 0.5 * Math.log2(2 * Math.PI * Math.E * deviation * deviation);
}
