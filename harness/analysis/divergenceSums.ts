import type { Frame } from "./frame.ts";
import { meanAndError } from "./upstreamEstimates.ts";

/** What follows from sums over compared tokens. Standard errors are upstream's, for independent tokens. */
export interface DivergenceEstimates {
  /** The model's perplexity, from likelihoods in single precision. */
  ppl: number;
  pplError: number;
  /** ln of the ratio of perplexities, the model's to the reference's. */
  logRatio: number;
  /** Kullback-Leibler divergence in nats. */
  mean: number;
  error: number;
  /** How often both find the same token most probable, in percent. */
  sameTop: number;
  sameTopError: number;
  /** Change of the expected token's probability, in percent points: root mean square and mean. */
  probabilityRms: number;
  /** 0 where nothing changes; upstream divides 0 by 0 there. */
  probabilityRmsError: number;
  probabilityMean: number;
  probabilityMeanError: number;
}

/**
 * Sums over compared tokens, to which chunks can be added one after another.
 * Source: `kl_divergence_result` and `kl_divergence` in upstream's tools/perplexity/perplexity.cpp, in its types;
 * it sums in threads, so that its last bits vary.
 */
export class DivergenceSums {
  #count = 0;
  #nll = 0;
  #nllSquares = 0;
  #referenceNll = 0;
  #kld = 0;
  #kldSquares = 0;
  #change = 0;
  #changeSquares = 0;
  #changeFourths = 0;
  #sameTop = 0;

  /** @throws RangeError when the frame has no reference */
  add({ chunk, top, reference }: Frame): void {
    if (!reference) throw new RangeError(`Chunk ${chunk} was not compared with a reference.`);
    let [nlls, nllSquares, referenceNlls, klds, kldSquares, changes, changeSquares, changeFourths, same] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (let index = 0; index < top.length; index++) {
      const nll = reference.modelNll[index]!;
      const kld = reference.kld[index]!;
      const change = reference.probabilityChange[index]!;
      const changeSquare = Math.fround(change * change);
      nlls += nll;
      nllSquares += Math.fround(nll * nll);
      referenceNlls += reference.nll[index]!;
      klds += kld;
      kldSquares += kld * kld;
      changes += change;
      changeSquares += changeSquare;
      changeFourths += changeSquare * changeSquare;
      if (top[index] === reference.top[index]) same++;
    }
    this.#nll += nlls;
    this.#nllSquares += nllSquares;
    this.#referenceNll += referenceNlls;
    this.#kld += klds;
    this.#kldSquares += kldSquares;
    this.#change += changes;
    this.#changeSquares += changeSquares;
    this.#changeFourths += changeFourths;
    this.#sameTop += same;
    this.#count += top.length;
  }

  /** Estimates from the tokens so far, at least two. */
  estimates(): DivergenceEstimates {
    const count = this.#count;
    const logPpl = meanAndError(this.#nll, this.#nllSquares, count);
    const ppl = Math.exp(logPpl.mean);
    const kld = meanAndError(this.#kld, this.#kldSquares, count);
    const change = meanAndError(this.#change, this.#changeSquares, count);
    const changeSquare = meanAndError(this.#changeSquares, this.#changeFourths, count);
    const rms = Math.sqrt(changeSquare.mean);
    const same = this.#sameTop / count;
    return {
      ppl,
      pplError: ppl * logPpl.error,
      logRatio: logPpl.mean - this.#referenceNll / count,
      mean: kld.mean,
      error: kld.error,
      sameTop: 100 * same,
      sameTopError: 100 * Math.sqrt((same * (1 - same)) / (count - 1)),
      probabilityRms: 100 * rms,
      probabilityRmsError: rms === 0 ? 0 : 100 * (0.5 / rms) * changeSquare.error,
      probabilityMean: 100 * change.mean,
      probabilityMeanError: 100 * change.error,
    };
  }
}
