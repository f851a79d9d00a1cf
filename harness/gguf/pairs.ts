import { codedTensors, codeStream } from "./stream.ts";
import type { Gguf } from "./read.ts";

/** How often each code follows each other code. */
export interface CodePairs {
  /** 16 or 256. */
  alphabet: number;
  /** `counts[previous * alphabet + next]`, indices as in the code counts. */
  counts: Float64Array;
}

/**
 * Counts pairs of neighbouring codes in storage order, for the entropy of a code given its predecessor.
 * Pairs cross block and row borders, not tensor borders: tensors are different sources.
 * @param tensors names to count; all coded ones when absent. They must share one alphabet.
 * @throws RangeError when two alphabets meet; UserError when codes cannot be read back
 */
export async function codePairs(gguf: Gguf, tensors?: readonly string[]): Promise<CodePairs | undefined> {
  const chosen = codedTensors(gguf).filter(({ tensor }) => !tensors || tensors.includes(tensor.name));
  const alphabet = chosen[0]?.alphabet;
  if (alphabet === undefined) return undefined;
  if (chosen.some((coded) => coded.alphabet !== alphabet)) throw new RangeError("Tensors with 16 and with 256 codes cannot be counted as one source.");
  const counts = new Float64Array(alphabet * alphabet);
  for (const coded of chosen) {
    let previous = -1;
    for await (const codes of codeStream(gguf, coded)) {
      for (let index = 0; index < codes.length; index++) {
        const next = codes[index]! + alphabet / 2;
        if (previous >= 0) counts[previous * alphabet + next]!++;
        previous = next;
      }
    }
  }
  return { alphabet, counts };
}
