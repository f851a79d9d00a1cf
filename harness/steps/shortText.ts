import { UserError } from "../errors.ts";
import { bothStreams, type Output } from "../parse/numbers.ts";

/** The text has fewer tokens than perplexity needs: no cell of the sweep can be measured. */
export class TextTooShort extends UserError {
  override name = "TextTooShort";
}

/**
 * @param output what llama-perplexity printed, which exits with 0 all the same
 * @param context tokens of a chunk
 * @param text its path and the option that gives another, where it is not the one that is measured on
 * @throws TextTooShort when that says so
 */
export function refuseShortText(output: Output, context: number, text?: { path: string; option: string }): void {
  const [, tokens] = /tokenizes to only (\d+) tokens/.exec(bothStreams(output)) ?? [];
  if (!tokens) return;
  throw new TextTooShort(
    `the text ${text === undefined ? "" : `${text.path} `}has only ${tokens} tokens: too short, perplexity needs at least ${2 * context} with a context of ${context}; give a longer text with ${text?.option ?? "--text"}, or a study with a smaller context`,
  );
}
