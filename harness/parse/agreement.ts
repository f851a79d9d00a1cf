import { DivergenceSums } from "../analysis/divergenceSums.ts";
import type { Frame } from "../analysis/frame.ts";
import { tokenDivergence } from "../analysis/tokenDivergence.ts";
import type { TokenDivergence } from "../analysis/tokenDivergence.ts";
import { chunkNll, runningPerplexity, tokenPerplexity } from "../analysis/tokenPerplexity.ts";
import type { TokenPerplexity } from "../analysis/tokenPerplexity.ts";
import { ParseError } from "../errors.ts";
import { parseComparison } from "./comparison.ts";
import { parseDivergence } from "./divergence.ts";
import type { Output, PrintedNumber } from "./numbers.ts";
import { parsePerplexity } from "./perplexity.ts";
import type { Perplexity } from "./perplexity.ts";

/** Threads add in any order: what that may change, as a share of the value. */
const orderOfSummation = 1e-9;
/** What rounding the likelihood of each token to single precision may change, as a share of the perplexity. */
const singleLikelihoods = 1e-5;
/** One unit in the last place of a number in single precision. */
const singleUnit = 2 ** -23;

function agree(what: string, printed: PrintedNumber, computed: number, relative = orderOfSummation): void {
  if (!(Math.abs(printed.value - computed) <= printed.halfUnit + relative * Math.abs(computed)))
    throw new ParseError(`llama-perplexity printed ${printed.text} as ${what}, but its tokens give ${computed}. The frames are not of this run, or the program computes differently.`);
}

function chunksAgree(quantity: string, printed: number[] | undefined, computed: number[], first: number): void {
  if (!printed) throw new ParseError(`llama-perplexity printed no ${quantity} for each chunk: it was built without the base patches.`);
  const wrong = computed.findIndex((value, index) => value !== printed[index]);
  if (wrong >= 0) throw new ParseError(`llama-perplexity printed ${printed[wrong]} as the ${quantity} of chunk ${first + wrong + 1}, but its tokens give ${computed[wrong]}.`);
}

/**
 * Perplexity of a run from its tokens, every number of which that the run printed agrees to its last digit.
 * @param frames all chunks of the run and no others
 * @param writesReference whether the run wrote log-probabilities: then it prints what it rounded to single precision,
 *   within 10⁻⁵ of the perplexity, while frames and chunks are exact
 * @returns the statistics, and what was read
 * @throws ParseError naming what contradicts, or as {@link parsePerplexity}
 */
export function agreedPerplexity(output: Output, frames: readonly Frame[], writesReference = false): { computed: TokenPerplexity; read: Perplexity } {
  const first = frames[0]?.chunk ?? 0;
  const read = parsePerplexity(output, frames.length, first);
  const computed = tokenPerplexity(frames);
  const relative = writesReference ? singleLikelihoods : orderOfSummation;
  chunksAgree("nll", read.chunkNll, computed.chunks, first);
  for (const [index, value] of runningPerplexity(frames).entries()) agree(`perplexity up to chunk ${first + index + 1}`, read.printed.running[index]!, value, relative);
  agree("perplexity", read.printed.ppl, computed.ppl, relative);
  agree("error of the perplexity", read.printed.error, computed.error, relative);
  return { computed, read };
}

/** Below this many tokens upstream prints no statistics behind the chunks. */
const tokensForStatistics = 100;

/** Upstream divides 0 by 0 for the error of a change that is nowhere. */
function errorOfChange(printed: PrintedNumber, change: number): PrintedNumber {
  return change === 0 && Number.isNaN(printed.value) ? { ...printed, value: 0 } : printed;
}

function statisticsAgree(printed: Map<string, PrintedNumber[]>, computed: TokenDivergence): void {
  const [changeRms, changeRmsError] = printed.get("RMS Δp")!;
  const changes = new Map(printed).set("RMS Δp", [changeRms!, errorOfChange(changeRmsError!, computed.probabilityRms)]);
  const expected: [label: string, value: number, error?: number][] = [
    ["Mean KLD", computed.mean, computed.error],
    ["Mean Δp", computed.probabilityMean, computed.probabilityMeanError],
    ["RMS Δp", computed.probabilityRms, computed.probabilityRmsError],
    ["Same top p", computed.sameTop, computed.sameTopError],
    ["Maximum KLD", computed.maximum],
    ["99.9% KLD", computed.p999],
    ["99.0% KLD", computed.p99],
    ["95.0% KLD", computed.p95],
    ["90.0% KLD", computed.p90],
    ["Median KLD", computed.median],
  ];
  for (const [label, value, error] of expected) {
    const [one, other] = changes.get(label)!;
    agree(label, one!, value, error === undefined ? singleUnit : orderOfSummation);
    if (error !== undefined) agree(`error of ${label}`, other!, error);
  }
}

/**
 * Perplexity and divergence of a comparing run from its tokens; every number of which that the run printed, after
 * each chunk and behind them, agrees to its last digit. Fewer than 100 tokens have no statistics behind them to agree with.
 * @param frames all chunks of the run and no others
 * @throws ParseError naming what contradicts, or as {@link parseDivergence}; RangeError when a frame was not compared
 */
export function agreedDivergence(output: Output, frames: readonly Frame[]): { perplexity: TokenPerplexity; divergence: TokenDivergence } {
  const first = frames[0]?.chunk ?? 0;
  const read = parseComparison(output, frames.length, first);
  const divergence = tokenDivergence(frames);
  chunksAgree("kld", read.chunkKld, divergence.chunks, first);
  chunksAgree("nll", read.chunkNll, frames.map(chunkNll), first);
  const sums = new DivergenceSums();
  for (const [index, frame] of frames.entries()) {
    sums.add(frame);
    const estimates = sums.estimates();
    const row = read.rows[index]!;
    row.probabilityRmsError = errorOfChange(row.probabilityRmsError, estimates.probabilityRms);
    for (const [name, printed] of Object.entries(row)) agree(`${name} up to chunk ${first + index + 1}`, printed as PrintedNumber, estimates[name as keyof typeof row]);
  }
  if (frames.length * frames[0]!.nll.length >= tokensForStatistics) statisticsAgree(parseDivergence(output, frames.length, first).printed, divergence);
  return { perplexity: tokenPerplexity(frames), divergence };
}
