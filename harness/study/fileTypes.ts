/** File types that llama-quantize of the pinned release makes (tools/quantize/quantize.cpp, QUANT_OPTIONS). */
export const fileTypes = [
  "F32", "F16", "BF16",
  "Q1_0", "Q2_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4_MOE", "TQ1_0", "TQ2_0",
  "Q2_K", "Q2_K_S", "Q3_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K", "Q4_K_S", "Q4_K_M",
  "Q5_K", "Q5_K_S", "Q5_K_M", "Q6_K",
  "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "IQ3_XS", "IQ3_S", "IQ3_M",
  "IQ4_NL", "IQ4_XS",
] as const;
