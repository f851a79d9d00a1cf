import type { Frame } from "../analysis/frame.ts";
import { bothStreams, type Output } from "./numbers.ts";
import { perplexityPlan } from "./perplexity.ts";

/** How a text was to be evaluated. */
export interface AskedEvaluation {
  /** Tokens of a chunk. */
  context: number;
  /** Chunks that are evaluated together; null of a release that does not batch them. */
  perBatch: number | null;
  /** Tokens of the model's vocabulary; null where that is not known. */
  vocabulary: number | null;
}

/** What a negative log-likelihood can be at most, in nats: a less probable token has the probability 0 in double precision. */
const largestNll = -Math.log(Number.MIN_VALUE);

/** What 16 bits for each of the reference's log-probabilities may take from a divergence, which is else not below 0. */
const roundedReference = 1;

/**
 * What in frames cannot be, or is not what was asked for; null when there is nothing.
 *
 * @param frames of an evaluation from the first chunk of a batch on
 */
export function frameFault(frames: readonly Frame[], { context, perBatch, vocabulary }: AskedEvaluation): string | null {
  for (const [index, { chunk, contextTokens, batchChunks, vocabularySize, expected, top, nll, reference }] of frames.entries()) {
    const of = `of chunk ${chunk + 1}`;
    if (contextTokens !== context) return `the context ${of} was ${contextTokens} tokens, where ${context} were asked for`;
    if (vocabulary !== null && vocabularySize !== vocabulary) return `the vocabulary ${of} has ${vocabularySize} tokens, the model's ${vocabulary}`;
    const together = perBatch && Math.min(perBatch, frames.length - (index - (index % perBatch)));
    if (together !== null && batchChunks !== together) return `${batchChunks} chunks were evaluated together with chunk ${chunk + 1}, where ${together} were asked for`;
    const isStrange = (token: number): boolean => token < 0 || token >= vocabularySize;
    const stranger = expected.find(isStrange) ?? top.find(isStrange);
    if (stranger !== undefined) return `a token ${of} is ${stranger}, of a vocabulary of ${vocabularySize}`;
    const impossible = nll.find((value) => !(value >= 0 && value <= largestNll));
    if (impossible !== undefined) return `a negative log-likelihood ${of} is ${impossible}, which cannot be`;
    const divergence = reference?.kld.find((value) => !(value >= -roundedReference && value <= largestNll));
    if (divergence !== undefined) return `a divergence ${of} is ${divergence}, which cannot be`;
  }
  return null;
}

/** What of the settings that a run printed is not what was asked for; null when there is nothing. */
export function settingsFault(output: Output, { context }: Pick<AskedEvaluation, "context">): string | null {
  const plan = perplexityPlan(bothStreams(output));
  return plan === undefined || plan.contextTokens === context ? null : `llama-perplexity evaluated chunks of ${plan.contextTokens} tokens, where ${context} were asked for`;
}
