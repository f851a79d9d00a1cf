/** What llama-perplexity found for the evaluated tokens of one chunk of a text: the second half of its context but for the first of them. */
export interface Frame {
  /** Number of the chunk in the text, from 0. */
  chunk: number;
  /** Tokens in a chunk. */
  contextTokens: number;
  /** Chunks that were evaluated together with this one. */
  batchChunks: number;
  /** Chunks that the text, or the reference, has in all. */
  availableChunks: number;
  /** Tokens in the vocabulary. */
  vocabularySize: number;
  /** Of each evaluated token, in the text's order: its id. */
  expected: Int32Array;
  /** The id that the model finds most probable in its place, the first if there are several. */
  top: Int32Array;
  /** Negative log-likelihood of the expected token in nats. */
  nll: Float64Array;
  /** Null where nothing was compared. */
  reference: FrameReference | null;
}

/** The same tokens in comparison with a reference model. */
export interface FrameReference {
  /** The id that the reference finds most probable. */
  top: Int32Array;
  /** Negative log-likelihood of the expected token under the reference in nats, in single precision. */
  nll: Float32Array;
  /** The model's own, in single precision, as comparisons compute it. */
  modelNll: Float32Array;
  /** Kullback-Leibler divergence of the model's distribution from the reference's, in nats. */
  kld: Float64Array;
  /** The model's probability of the expected token minus the reference's, −1 to 1. */
  probabilityChange: Float32Array;
}
