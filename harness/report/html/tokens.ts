import type { LostToken } from "../../analysis/worstTokens.ts";
import { UserError } from "../../errors.ts";
import type { Detokenizer } from "../../gguf/detokenize.ts";
import { floatTypes } from "../../study/types.ts";
import type { Measured, Results } from "../load.ts";
import { comparedCells, lostTokens, readVocabulary } from "../lostTokens.ts";
import { number, type PageTable, type PageColumn, type PageCell, words } from "./columns.ts";

/** The tokens that one cell lost most on. */
export interface CellTokens {
  name: string;
  /** Whether it is the one that is shown first. */
  chosen: boolean;
  table: PageTable;
}

/** Tokens of each cell. */
const count = 10;

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

/**
 * The ten tokens that each cell with a reference lost most on.
 *
 * @returns none when the model, or what was found for each token, is not there any more
 */
export async function pageTokens(results: Results): Promise<CellTokens[]> {
  const cells = comparedCells(results);
  if (cells.length === 0) return [];
  const vocabulary = await unlessGone(readVocabulary(results.plan));
  if (!vocabulary) return [];
  const found: { cell: Measured; tokens: LostToken[] }[] = [];
  for (const cell of cells) {
    const tokens = await unlessGone(lostTokens(cell, count));
    if (tokens && tokens.length > 0) found.push({ cell, tokens });
  }
  const first = found.find(({ cell: { cell } }) => !floatTypes.includes(cell.type)) ?? found[0];
  return found.map((one) => ({
    name: one.cell.cell.name,
    chosen: one === first,
    table: tokenTable(one.tokens, vocabulary),
  }));
}

/** Tokens as a table on the page, by their text. */
export function tokenTable(tokens: readonly LostToken[], vocabulary: Detokenizer): PageTable {
  return { columns: columns.map(({ of: _of, ...column }) => column), rows: tokens.map((token) => columns.map(({ of }) => of(token, vocabulary))) };
}

async function unlessGone<T>(made: Promise<T>): Promise<T | null> {
  return made.catch((error: unknown) => {
    if (error instanceof UserError) return null;
    throw error;
  });
}

function onOneLine(text: string): string {
  return text.replace(/\r?\n/g, "⏎");
}

/** A token by itself, with its spaces to be seen. */
function visible(text: string): string {
  return onOneLine(text).replaceAll(" ", "␣");
}
