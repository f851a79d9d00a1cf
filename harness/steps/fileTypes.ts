import { fileTypes } from "../study/types.ts";

/** What llama-quantize makes of a file type. */
interface FileType {
  /** `general.file_type` of the files. */
  number: number;
  /** The type that its tensors have, but for those of a mixture. */
  tensor: string;
}

function fileType(number: number, tensor: string): FileType {
  return { number, tensor };
}

/** Source: `enum llama_ftype` in upstream's include/llama.h, `llama_ftype_get_default_type` in src/llama-quant.cpp. */
const known: Record<(typeof fileTypes)[number], FileType> = {
  F32: fileType(0, "F32"), F16: fileType(1, "F16"), BF16: fileType(32, "BF16"),
  Q1_0: fileType(40, "Q1_0"), Q2_0: fileType(41, "Q2_0"), Q4_0: fileType(2, "Q4_0"), Q4_1: fileType(3, "Q4_1"), Q5_0: fileType(8, "Q5_0"),
  Q5_1: fileType(9, "Q5_1"), Q8_0: fileType(7, "Q8_0"), MXFP4_MOE: fileType(38, "MXFP4"), TQ1_0: fileType(36, "TQ1_0"), TQ2_0: fileType(37, "TQ2_0"),
  Q2_K: fileType(10, "Q2_K"), Q2_K_S: fileType(21, "Q2_K"), Q3_K: fileType(12, "Q3_K"), Q3_K_S: fileType(11, "Q3_K"), Q3_K_M: fileType(12, "Q3_K"),
  Q3_K_L: fileType(13, "Q3_K"), Q4_K: fileType(15, "Q4_K"), Q4_K_S: fileType(14, "Q4_K"), Q4_K_M: fileType(15, "Q4_K"), Q5_K: fileType(17, "Q5_K"),
  Q5_K_S: fileType(16, "Q5_K"), Q5_K_M: fileType(17, "Q5_K"), Q6_K: fileType(18, "Q6_K"),
  IQ1_S: fileType(24, "IQ1_S"), IQ1_M: fileType(31, "IQ1_M"), IQ2_XXS: fileType(19, "IQ2_XXS"), IQ2_XS: fileType(20, "IQ2_XS"),
  IQ2_S: fileType(28, "IQ2_XS"), IQ2_M: fileType(29, "IQ2_S"), IQ3_XXS: fileType(23, "IQ3_XXS"), IQ3_XS: fileType(22, "IQ3_S"),
  IQ3_S: fileType(26, "IQ3_S"), IQ3_M: fileType(27, "IQ3_S"), IQ4_NL: fileType(25, "IQ4_NL"), IQ4_XS: fileType(30, "IQ4_XS"),
};

/** What llama-quantize makes of a file type. @throws RangeError for one that it does not have */
export function fileTypeNamed(type: string): FileType {
  const found = known[type as keyof typeof known] as FileType | undefined;
  if (!found) throw new RangeError(`llama-quantize has no type ${type}.`);
  return found;
}

/** The type of a file by its `general.file_type`; of two names for one the longer. */
export function fileTypeNumbered(number: unknown): (typeof fileTypes)[number] | undefined {
  return fileTypes.filter((type) => known[type].number === number).sort((one, other) => other.length - one.length)[0];
}

/**
 * What a tensor gets whose rows do not fill the blocks of a type; undefined where there is nothing smaller.
 * Source: `tensor_type_fallback` in upstream's src/llama-quant.cpp.
 */
export function smallerBlocks(tensorType: string): string | undefined {
  if (/^IQ[123]|^IQ4_XS/.test(tensorType)) return "IQ4_NL";
  if (/^(Q2_0|Q[23]_K|TQ)/.test(tensorType)) return "Q4_0";
  return { Q4_K: "Q5_0", Q5_K: "Q5_1", Q6_K: "Q8_0" }[tensorType];
}
