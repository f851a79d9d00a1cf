import type { LostToken } from "../analysis/worstTokens.ts";
import { UserError } from "../errors.ts";
import type { Detokenizer } from "../gguf/detokenize.ts";
import type { Value } from "../steps/step.ts";
import type { Results } from "./load.ts";
import { comparedCells, lostTokens, readVocabulary } from "./lostTokens.ts";
import { type Report, recordsOf } from "./report.ts";
import { csv, rounded, table } from "./table.ts";

const about = { file: "tokens.csv", version: 1, steps: ["evaluate"] };

/** Tokens of each cell. */
const count = 100;

interface Row {
  cell: string;
  /** From 1, the worst. */
  rank: number;
  token: LostToken;
  vocabulary: Detokenizer;
}

/** Chunks count from 1, as in chunks.csv, positions in a chunk from 0. `nll_difference` is the cell's less the reference's. */
const columns: Record<string, (row: Row) => Value> = {
  cell: ({ cell }) => cell,
  rank: ({ rank }) => rank,
  chunk: ({ token }) => token.chunk + 1,
  position: ({ token }) => token.position,
  before: ({ token, vocabulary }) => vocabulary.text(token.before),
  expected: ({ token, vocabulary }) => vocabulary.show(token.expected),
  after: ({ token, vocabulary }) => vocabulary.text(token.after),
  likeliest_reference: ({ token, vocabulary }) => vocabulary.show(token.referenceTop),
  likeliest_cell: ({ token, vocabulary }) => vocabulary.show(token.top),
  nll_reference: ({ token }) => rounded(token.referenceNll, 6),
  nll_cell: ({ token }) => rounded(token.nll, 6),
  nll_difference: ({ token }) => rounded(token.loss, 6),
  kld: ({ token }) => rounded(token.kld, 6),
  delta_p_percent: ({ token }) => rounded(100 * token.probabilityChange, 3),
};

/**
 * tokens.csv: of each cell with a reference the hundred tokens that it lost most on, with the text around them, the token
 * that the text has, and what reference and cell think likeliest in its place.
 *
 * @throws UserError when no cell has a reference; making it, when the model or what was found for each token is gone
 */
export function tokenReport(results: Results): Report {
  const cells = comparedCells(results);
  if (cells.length === 0) throw new UserError(`${results.folder} has no cell with a reference; give the study kl_divergence: true`);
  return {
    name: about.file,
    kind: "table",
    basis: [about.version, Object.keys(columns), count, results.plan.model.sha256, recordsOf(results, about.steps)],
    async make() {
      const vocabulary = await readVocabulary(results.plan);
      const rows: Row[] = [];
      for (const cell of cells) {
        for (const [index, token] of (await lostTokens(cell, results.plan.parameters, count)).entries()) rows.push({ cell: cell.cell.name, rank: index + 1, token, vocabulary });
      }
      return [{ name: about.file, content: csv(table(about, () => rows, columns).sheet(results)) }];
    },
  };
}
