import type { Frame } from "./frame.ts";

/** A token that the model expects less than the reference does. */
export interface LostToken {
  /** Chunk of the text, from 0. */
  chunk: number;
  /** Position in the chunk, from 0. */
  position: number;
  /** Id of the token that the text has there. */
  expected: number;
  /** Ids that the model and the reference find most probable there. */
  top: number;
  referenceTop: number;
  /** Negative log-likelihoods of the expected token in nats. */
  nll: number;
  referenceNll: number;
  /** `nll` minus `referenceNll`, above 0. */
  loss: number;
  /** Change of the expected token's probability, −1 to 1. */
  probabilityChange: number;
  /** Divergence at this token in nats. */
  kld: number;
  /** Ids of up to twelve tokens of the text before and after it, as far as they were evaluated in the same chunk. */
  before: number[];
  after: number[];
}

const contextIds = 12;

interface Candidate {
  frame: Frame;
  index: number;
  loss: number;
}

function describe({ frame, index, loss }: Candidate): LostToken {
  const { chunk, contextTokens, expected, top, nll } = frame;
  const reference = frame.reference!;
  return {
    chunk,
    position: Math.floor(contextTokens / 2) + 1 + index,
    expected: expected[index]!,
    top: top[index]!,
    referenceTop: reference.top[index]!,
    nll: nll[index]!,
    referenceNll: reference.nll[index]!,
    loss,
    probabilityChange: reference.probabilityChange[index]!,
    kld: reference.kld[index]!,
    before: [...expected.subarray(Math.max(0, index - contextIds), index)],
    after: [...expected.subarray(index + 1, index + 1 + contextIds)],
  };
}

/**
 * The tokens whose negative log-likelihood rose most against the reference, largest rise first; of equal ones
 * those that come first in the text. Fewer than `count` where fewer rose.
 * @throws RangeError when a frame was not compared with a reference
 */
export function worstTokens(frames: readonly Frame[], count = 100): LostToken[] {
  const worst: Candidate[] = [];
  for (const frame of frames) {
    const { chunk, nll, reference } = frame;
    if (!reference) throw new RangeError(`Chunk ${chunk} was not compared with a reference.`);
    for (let index = 0; index < nll.length; index++) {
      const loss = nll[index]! - reference.nll[index]!;
      const least = worst.length < count ? 0 : (worst.at(-1)?.loss ?? Infinity);
      if (!(loss > least)) continue;
      const place = worst.findLastIndex((other) => other.loss >= loss) + 1;
      worst.splice(place, 0, { frame, index, loss });
      if (worst.length > count) worst.pop();
    }
  }
  return worst.map(describe);
}
