/** What upstream makes of a model by a type that mixes others. */
export interface Mixture {
  /** Bits of a weight in the layers' matrices, on average. */
  layers: number;
  /** Type of the output matrix, or of the token embedding where that is the output matrix too. */
  output: string;
  /** Type of a token embedding that is not. */
  embedding: string;
}

function mixture(layers: number, output: string, embedding: string): Mixture {
  return { layers, output, embedding };
}

/**
 * Upstream's mixtures by file type, as `llama-quantize --dry-run` of b10361 tells them of Llama 3.1's 8B; within 2 % of the
 * layers' bits of Llama 2's 7B, and of 70B. A type that is not here gives all tensors the same.
 */
export const mixtures: Readonly<Record<string, Mixture>> = {
  Q4_0: mixture(4.5, "Q6_K", "Q4_0"), Q4_1: mixture(5, "Q6_K", "Q4_1"), Q5_0: mixture(5.5, "Q6_K", "Q5_0"), Q5_1: mixture(6, "Q6_K", "Q5_1"),
  Q2_K: mixture(2.942, "Q6_K", "Q2_K"), Q2_K_S: mixture(2.724, "Q6_K", "Q2_K"),
  Q3_K: mixture(3.844, "Q6_K", "Q3_K"), Q3_K_S: mixture(3.438, "Q6_K", "Q3_K"), Q3_K_M: mixture(3.844, "Q6_K", "Q3_K"), Q3_K_L: mixture(4.191, "Q6_K", "Q3_K"),
  Q4_K: mixture(4.797, "Q6_K", "Q4_K"), Q4_K_S: mixture(4.536, "Q6_K", "Q4_K"), Q4_K_M: mixture(4.797, "Q6_K", "Q4_K"),
  Q5_K: mixture(5.653, "Q6_K", "Q5_K"), Q5_K_S: mixture(5.5, "Q6_K", "Q5_K"), Q5_K_M: mixture(5.653, "Q6_K", "Q5_K"),
  IQ1_S: mixture(1.693, "Q5_K", "Q2_K"), IQ1_M: mixture(1.856, "Q5_K", "Q2_K"), IQ2_XXS: mixture(2.128, "Q5_K", "Q2_K"), IQ2_XS: mixture(2.365, "Q5_K", "Q2_K"),
  IQ2_S: mixture(2.479, "Q5_K", "IQ3_S"), IQ2_M: mixture(2.697, "Q5_K", "IQ3_S"), IQ3_XXS: mixture(3.208, "Q5_K", "IQ3_S"),
  IQ3_XS: mixture(3.27, "Q6_K", "IQ3_S"), IQ3_S: mixture(3.458, "Q6_K", "IQ3_S"), IQ3_M: mixture(3.575, "Q6_K", "IQ3_S"),
  IQ4_XS: mixture(4.316, "Q6_K", "IQ4_XS"), IQ4_NL: mixture(4.553, "Q6_K", "IQ4_NL"),
  TQ1_0: mixture(1.6875, "Q6_K", "Q4_K"), TQ2_0: mixture(2.0625, "Q6_K", "Q4_K"), MXFP4_MOE: mixture(8.5, "Q8_0", "Q8_0"),
};
