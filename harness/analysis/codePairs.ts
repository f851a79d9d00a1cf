/** How often each code occurs, and how often each follows each other one. */
export interface CodePairs {
  /** Index code + alphabet / 2. */
  counts: Float64Array;
  /** Index previous × alphabet + next. */
  pairs: Float64Array;
}

/** Counts the codes of a stream that arrives in pieces. */
export interface CodePairCounter {
  /** Takes the next codes, each from −alphabet / 2 up. */
  push(codes: Int8Array): void;
  result(): CodePairs;
}

/** @param alphabet number of different codes: 16 or 256 */
export function countCodePairs(alphabet: 16 | 256): CodePairCounter {
  const bits = alphabet === 16 ? 4 : 8;
  const pairs = new Float64Array(alphabet * alphabet);
  let first = -1;
  let last = -1;
  return {
    push(codes) {
      if (codes.length === 0) return;
      const half = alphabet / 2;
      // Of one piece: whole numbers of 32 bits are faster to count with than floating-point ones.
      const ofPiece = new Uint32Array(alphabet * alphabet);
      let previous = last;
      let start = 0;
      if (previous < 0) {
        first = previous = codes[0]! + half;
        start = 1;
      }
      for (let index = start; index < codes.length; index++) {
        const code = codes[index]! + half;
        ofPiece[(previous << bits) | code]!++;
        previous = code;
      }
      last = previous;
      for (let index = 0; index < ofPiece.length; index++) pairs[index]! += ofPiece[index]!;
    },
    result() {
      // Every code but the first is the second of one pair.
      const counts = new Float64Array(alphabet);
      for (let index = 0; index < pairs.length; index++) counts[index % alphabet]! += pairs[index]!;
      if (first >= 0) counts[first]!++;
      return { counts, pairs };
    },
  };
}
