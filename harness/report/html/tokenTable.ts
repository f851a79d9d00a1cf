import type { LostToken } from "../../analysis/worstTokens.ts";
import type { Detokenizer } from "../../gguf/detokenize.ts";
import { number, type PageTable, type PageColumn, type PageCell, words } from "./columns.ts";

interface Column extends PageColumn {
  of(token: LostToken, vocabulary: Detokenizer): PageCell;
}

const columns: readonly Column[] = [
  { title: "before", numeric: false, hint: "the text before the token", of: ({ before }, { text }) => words(onOneLine(text(before))) },
  { title: "token", numeric: false, hint: "the token that the text has", of: ({ expected }, { show }) => words(visible(show(expected))) },
  { title: "after", numeric: false, hint: "the text after it", of: ({ after }, { text }) => words(onOneLine(text(after))) },
  { title: "unquantized", numeric: false, hint: "what the unquantized model thinks likeliest in its place", of: ({ referenceTop }, { show }) => words(visible(show(referenceTop))) },
  { title: "this cell", numeric: false, hint: "what this cell thinks likeliest in its place", of: ({ top }, { show }) => words(visible(show(top))) },
  { title: "loss, nats", numeric: true, hint: "how much its negative log-likelihood rose", of: ({ loss }) => number(loss, 3) },
  { title: "KL divergence", numeric: true, hint: "of the predictions in its place, in nats", of: ({ kld }) => number(kld, 3) },
  { title: "change of probability, %", numeric: true, hint: "of the token that the text has, in percent points", of: ({ probabilityChange }) => number(100 * probabilityChange, 3) },
];

/** Tokens as a table on the page, by their text. */
export function tokenTable(tokens: readonly LostToken[], vocabulary: Detokenizer): PageTable {
  return { columns: columns.map(({ of: _of, ...column }) => column), rows: tokens.map((token) => columns.map(({ of }) => of(token, vocabulary))) };
}

function onOneLine(text: string): string {
  return text.replace(/\r?\n/g, "⏎");
}

/** A token by itself, with its spaces to be seen. */
function visible(text: string): string {
  return onOneLine(text).replaceAll(" ", "␣");
}
