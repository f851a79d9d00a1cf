import type { LostToken } from "../../analysis/worstTokens.ts";
import { UserError } from "../../errors.ts";
import { floatTypes } from "../../study/types.ts";
import type { Measured, Results } from "../load.ts";
import { comparedCells, lostTokens, readVocabulary } from "../lostTokens.ts";
import type { PageTable } from "./columns.ts";
import { tokenTable } from "./tokenTable.ts";

/** The tokens that one cell lost most on. */
export interface CellTokens {
  name: string;
  /** Whether it is the one that is shown first. */
  chosen: boolean;
  table: PageTable;
}

/** Tokens of each cell. */
const count = 10;

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
    const tokens = await unlessGone(lostTokens(cell, results.plan.parameters, count));
    if (tokens && tokens.length > 0) found.push({ cell, tokens });
  }
  const first = found.find(({ cell: { cell } }) => !floatTypes.includes(cell.type)) ?? found[0];
  return found.map((one) => ({
    name: one.cell.cell.name,
    chosen: one === first,
    table: tokenTable(one.tokens, vocabulary),
  }));
}

async function unlessGone<T>(made: Promise<T>): Promise<T | null> {
  return made.catch((error: unknown) => {
    if (error instanceof UserError) return null;
    throw error;
  });
}
