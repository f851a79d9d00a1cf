/** How ggml stores one tensor type: so many elements in so many bytes. */
export interface TensorType {
  /** Upstream's name in upper case, as in `GGML_TYPE_<name>`. */
  name: string;
  /** Elements in a block; a row must be a multiple of it. */
  blockElements: number;
  /** Bytes of a block. */
  blockBytes: number;
}

function tensorType(name: string, blockElements: number, blockBytes: number): TensorType {
  return { name, blockElements, blockBytes };
}

/**
 * Every tensor type of llama.cpp b10361 by its number in a GGUF file.
 * Source: `enum ggml_type` (ggml/include/ggml.h), `type_traits` (ggml/src/ggml.c)
 * and the block structures (ggml/src/ggml-common.h). Absent numbers were removed upstream.
 */
export const tensorTypes: ReadonlyMap<number, TensorType> = new Map([
  [0, tensorType("F32", 1, 4)],
  [1, tensorType("F16", 1, 2)],
  [2, tensorType("Q4_0", 32, 18)],
  [3, tensorType("Q4_1", 32, 20)],
  [6, tensorType("Q5_0", 32, 22)],
  [7, tensorType("Q5_1", 32, 24)],
  [8, tensorType("Q8_0", 32, 34)],
  [9, tensorType("Q8_1", 32, 36)],
  [10, tensorType("Q2_K", 256, 84)],
  [11, tensorType("Q3_K", 256, 110)],
  [12, tensorType("Q4_K", 256, 144)],
  [13, tensorType("Q5_K", 256, 176)],
  [14, tensorType("Q6_K", 256, 210)],
  [15, tensorType("Q8_K", 256, 292)],
  [16, tensorType("IQ2_XXS", 256, 66)],
  [17, tensorType("IQ2_XS", 256, 74)],
  [18, tensorType("IQ3_XXS", 256, 98)],
  [19, tensorType("IQ1_S", 256, 50)],
  [20, tensorType("IQ4_NL", 32, 18)],
  [21, tensorType("IQ3_S", 256, 110)],
  [22, tensorType("IQ2_S", 256, 82)],
  [23, tensorType("IQ4_XS", 256, 136)],
  [24, tensorType("I8", 1, 1)],
  [25, tensorType("I16", 1, 2)],
  [26, tensorType("I32", 1, 4)],
  [27, tensorType("I64", 1, 8)],
  [28, tensorType("F64", 1, 8)],
  [29, tensorType("IQ1_M", 256, 56)],
  [30, tensorType("BF16", 1, 2)],
  [34, tensorType("TQ1_0", 256, 54)],
  [35, tensorType("TQ2_0", 256, 66)],
  [39, tensorType("MXFP4", 32, 17)],
  [40, tensorType("NVFP4", 64, 36)],
  [41, tensorType("Q1_0", 128, 18)],
  [42, tensorType("Q2_0", 64, 18)],
]);

const byName = new Map([...tensorTypes].map(([number, type]) => [type.name, { number, ...type }]));

/**
 * The type called `name` (upper case) and its number in a file.
 * @throws RangeError when there is no such type: names from a file were looked up before.
 */
export function tensorTypeNamed(name: string): TensorType & { number: number } {
  const type = byName.get(name);
  if (!type) throw new RangeError(`There is no tensor type ${name}.`);
  return type;
}

/** Whether a type holds codes in blocks, not plain numbers: integers such as routing tables are none. */
export function isQuantized(name: string): boolean {
  return tensorTypeNamed(name).blockElements > 1;
}

/** Elements of a tensor of this shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes that `elements` elements of type `name` take; `elements` must fill whole blocks. */
export function tensorBytes(name: string, elements: number): number {
  const { blockElements, blockBytes } = tensorTypeNamed(name);
  return (elements / blockElements) * blockBytes;
}
