/** Bytes of a stretch: shorter ones, such as a speech's formulas, are in many texts. */
const stretch = 256;

/** Of the polynomial. */
const base = 257;

/**
 * Where two texts have the same words: any 512 bytes of one that stand in the other too are found. How whitespace
 * breaks lines does not matter.
 *
 * @returns the first such stretch of `text`, 256 bytes without line breaks; null when there is none
 */
export function sharedStretch(text: Uint8Array, other: Uint8Array): string | null {
  const [needle, hay] = [squeezed(text), squeezed(other)];
  const places = new Map<number, number>();
  for (let start = 0; start + stretch <= needle.length; start += stretch) places.set(hashOf(needle, start), start);
  let leaving = 1;
  for (let index = 1; index < stretch; index++) leaving = Math.imul(leaving, base);
  for (let start = 0, hash = hashOf(hay, 0); start + stretch <= hay.length; start++) {
    const place = places.get(hash);
    if (place !== undefined && isSame(needle, place, hay, start)) return Buffer.from(needle.subarray(place, place + stretch)).toString("utf8");
    hash = (Math.imul((hash - Math.imul(hay[start]!, leaving)) | 0, base) + (hay[start + stretch] ?? 0)) | 0;
  }
  return null;
}

/** Polynomial hash of a stretch, modulo 2^32 (Rabin and Karp). */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = 0;
  for (let index = start; index < start + stretch && index < bytes.length; index++) hash = (Math.imul(hash, base) + bytes[index]!) | 0;
  return hash;
}

function isSame(left: Uint8Array, at: number, right: Uint8Array, from: number): boolean {
  for (let index = 0; index < stretch; index++) if (left[at + index] !== right[from + index]) return false;
  return true;
}

/** Each run of blanks and line breaks as one blank. */
function squeezed(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  let length = 0;
  for (const byte of bytes) {
    const isBlank = byte === 32 || (byte >= 9 && byte <= 13);
    if (isBlank && length > 0 && result[length - 1] === 32) continue;
    result[length++] = isBlank ? 32 : byte;
  }
  return result.subarray(0, length);
}
