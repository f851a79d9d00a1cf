import { UserError } from "../errors.ts";
import { bothStreams, type Output } from "../parse/numbers.ts";
import { parsePerplexity } from "../parse/perplexity.ts";
import type { CellRecord } from "../store/record.ts";
import type { Settings } from "./arguments.ts";
import { followChunks } from "./followChunks.ts";
import type { StepContext } from "./quantize.ts";

/** The text has fewer tokens than perplexity needs: no cell of the sweep can be measured. */
export class TextTooShort extends UserError {
  override name = "TextTooShort";
}

/** A measured perplexity, and how fast it was measured. */
export interface MeasuredPerplexity {
  result: CellRecord["perplexity"];
  tokensPerSecond: number | null;
  /** Wall time in seconds. */
  seconds: number;
}

/**
 * Measure the perplexity of a model.
 *
 * @param argumentList arguments of llama-perplexity
 * @throws TextTooShort when the text has less than two contexts of tokens
 * @throws ParseError when there is not exactly one finite final estimate, or a chunk is missing
 * @throws ProcessError when the program fails
 */
export async function measurePerplexity(argumentList: string[], settings: Settings, { run, report }: StepContext): Promise<MeasuredPerplexity> {
  report("perplexity", "loading", 0);
  const step = await run("llama-perplexity", argumentList, {
    onText: followChunks((done, chunks) => report("perplexity", `chunk ${done} of ${chunks}`, Math.min(1, done / chunks))),
  });
  refuseShortText(step, settings);
  const { ppl, pplError, nll, chunkNll, tokensPerSecond } = parsePerplexity(step);
  if (!chunkNll) throw new UserError("llama-perplexity printed no likelihood for each chunk: it was built without the base patches");
  if (settings.chunks !== null && chunkNll.length > settings.chunks) {
    throw new UserError(`llama-perplexity computed ${chunkNll.length} chunks, at most ${settings.chunks} were asked for`);
  }
  return { result: { ppl, error: pplError, nll, chunks: chunkNll }, tokensPerSecond: tokensPerSecond ?? null, seconds: step.seconds };
}

/**
 * @param output what llama-perplexity printed, which exits with 0 all the same
 * @throws TextTooShort when that says so
 */
export function refuseShortText(output: Output, settings: Settings): void {
  const [, tokens] = /tokenizes to only (\d+) tokens/.exec(bothStreams(output)) ?? [];
  if (!tokens) return;
  throw new TextTooShort(
    `the text has only ${tokens} tokens: too short, perplexity needs at least ${2 * settings.context} with a context of ${settings.context}; give a longer text with --text, or a study with a smaller context`,
  );
}
