/**
 * Uniform random numbers in [0, 1) with 32 bits, the same for the same seed everywhere
 * (sfc32 by Chris Doty-Humphrey, seeded by counting up and discarding).
 */
export function seededRandom(seed: number): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return (sum >>> 0) / 2 ** 32;
  }
  for (let discarded = 0; discarded < 16; discarded++) next();
  return next;
}

/** Fills an array with independent Gaussian values of mean 0 and the given deviation (Box and Muller). */
export function gaussianValues(length: number, seed: number, deviation = 1): Float32Array {
  const random = seededRandom(seed);
  const values = new Float32Array(length);
  for (let index = 0; index < length; index += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[index] = radius * Math.cos(angle);
    if (index + 1 < length) values[index + 1] = radius * Math.sin(angle);
  }
  return values;
}
