const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

function decode(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const decoded = Float32Array.from({ length: 65536 }, (_, half) => decode(half));

/** Value of an IEEE half-precision number given by its 16 bits. */
export function halfToFloat(half: number): number {
  return decoded[half & 0xffff]!;
}

/**
 * The 16 bits of the half-precision number nearest to `value` (first rounded to single
 * precision), ties to even, overflow to infinity: what `GGML_FP32_TO_FP16` and F16C do.
 */
export function floatToHalf(value: number): number {
  floats[0] = value;
  const single = bits[0]!;
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2^-14 halves are multiples of 2^-24: scaling makes that the integers, exactly.
    const scaled = Math.abs(floats[0]!) * 2 ** 24;
    const low = Math.floor(scaled);
    const rest = scaled - low;
    return sign | (rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low);
  }
  const half = (magnitude - 0x38000000) >>> 13;
  const rest = magnitude & 0x1fff;
  return sign | (rest > 0x1000 || (rest === 0x1000 && half % 2 === 1) ? half + 1 : half);
}

/** Value of a bfloat16 number given by its 16 bits. */
export function bfloatToFloat(bfloat: number): number {
  bits[0] = (bfloat & 0xffff) << 16;
  return floats[0]!;
}

/** The 16 bits of the bfloat16 number nearest to `value`, ties to even (`ggml_compute_fp32_to_bf16`). */
export function floatToBfloat(value: number): number {
  floats[0] = value;
  const single = bits[0]!;
  if ((single & 0x7fffffff) > 0x7f800000) return (single >>> 16) | 64;
  return ((single + 0x7fff + ((single >>> 16) & 1)) >>> 16) & 0xffff;
}
