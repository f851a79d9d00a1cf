/** Sum of counts. */
export function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < counts.length; index++) sum += counts[index]!;
  return sum;
}

/** Share of each count in the whole, 0 to 1; zeros when all counts are 0. */
export function shares(counts: ArrayLike<number>): number[] {
  const sum = total(counts);
  return Array.from(counts, (count) => (sum > 0 ? count / sum : 0));
}

/** Share of the code with signed value 0 among all: the middle entry of 16 or 256 counts. */
export function zeroShare(counts: ArrayLike<number>): number {
  const sum = total(counts);
  return sum > 0 ? counts[counts.length / 2]! / sum : 0;
}

/** Share of zero runs that have length 1 (thesis figures 3.2.2 and 3.3.1); 0 when there is no run. */
export function isolatedShare(zeroRuns: ArrayLike<number>): number {
  const sum = total(zeroRuns);
  return sum > 0 ? zeroRuns[0]! / sum : 0;
}

/** What the size of one tensor follows from. */
export interface TensorSize {
  shape: number[];
  elements: number;
  bytes: number;
}

/** Bits that a weight takes. */
export interface BitsPerWeight {
  /** Whole file, header included, over all weights. */
  file: number;
  /** Bytes of the tensors that were quantized, over their weights; NaN when there are none. */
  quantized: number;
}

/**
 * Bits per weight of a file and of its quantized tensors.
 * @param isQuantized which tensors count as quantized: all with more than one dimension when absent
 */
export function bitsPerWeight<Tensor extends TensorSize>(
  { tensors, fileBytes }: { tensors: Tensor[]; fileBytes: number },
  isQuantized: (tensor: Tensor) => boolean = ({ shape }) => shape.length > 1,
): BitsPerWeight {
  const quantized = tensors.filter(isQuantized);
  return {
    file: (8 * fileBytes) / total(tensors.map((tensor) => tensor.elements)),
    quantized: (8 * total(quantized.map(({ bytes }) => bytes))) / total(quantized.map((tensor) => tensor.elements)),
  };
}
