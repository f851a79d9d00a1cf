import { createHash } from "node:crypto";
import { Eta } from "eta";
import { measured, type Results } from "../load.ts";
import { rounded } from "../table.ts";
import { type ThesisRow, thesisRows } from "../thesisTable.ts";
import { figureData } from "../figures/data.ts";
import { darkRules } from "../figures/darkRules.ts";
import type { StudyFigures } from "../figures/reports.ts";
import type { RenderedFigure } from "../figures/svg.ts";
import { answers } from "./answer.ts";
import { cellsTable } from "./cells.ts";
import { fourBitsSection } from "./fourBits.ts";
import { number, type PageCell, type PageColumn, type PageTable, words } from "./columns.ts";
import { againLines, cellRun, manifestRows } from "./manifest.ts";
import { pageParts, templateFolder } from "./parts.ts";
import type { CellTokens } from "./tokens.ts";

const questions = [
  "Can a 4-bit model be compressed further, because some of its codes, zeros above all, are frequent and next to each other?",
  "Can the 256 codes of an 8-bit model be regrouped into 16, for a 4-bit model nearer to 8-bit precision?",
];

/**
 * report.html: everything about a study in one file, that asks nothing of the network.
 * Text from outside, such as names of cells, is escaped by the template.
 *
 * @param tokens of each cell those that it lost most on
 */
export function renderPage(results: Results, figures: StudyFigures<RenderedFigure>, tokens: readonly CellTokens[]): string {
  const { plan } = results;
  const data = figureData(results);
  const parts = pageParts();
  const script = `${parts["sort.js"]}${parts["choose.js"]}`;
  return new Eta({ views: templateFolder }).render("./page", {
    title: plan.study.title ?? plan.study.name,
    study: plan.study.name,
    measuredOn: `Model ${plan.model.name}, text ${plan.text.name}, llama.cpp ${plan.build.release}${plan.device ? `, on ${plan.device.line}` : ""}; ${data.cells.length} cells measured, ${plan.date.slice(0, 10)}.`,
    questions,
    answers: answers(data, results),
    cells: cellsTable(results),
    fourBits: fourBitsSection(results),
    galleries: [
      { heading: "Figures", note: "Values show under the pointer.", figures: figures.others },
      { heading: "The thesis's figures, from this study's data", note: "In the thesis's numbering and layout; a star is a cell decoded as its program did.", figures: figures.thesis },
    ].filter(({ figures: drawn }) => drawn.length > 0),
    tokens,
    thesis: thesisTable(results),
    manifest: manifestRows(results),
    runs: measured(results).map(cellRun),
    again: againLines(results),
    style: `${parts["page.css"]}${darkRules}`,
    script,
    scriptHash: `sha256-${createHash("sha256").update(script).digest("base64")}`,
  });
}

const thesisColumns: readonly (PageColumn & { of(row: ThesisRow): PageCell })[] = [
  { title: "where", numeric: false, of: ({ where }) => words(where) },
  { title: "what", numeric: false, of: ({ what }) => words(what) },
  { title: "cell", numeric: false, of: ({ cell }) => words(cell) },
  { title: "quantity", numeric: false, of: ({ quantity }) => words(quantity) },
  { title: "source", numeric: false, of: ({ source }) => words(source) },
  { title: "thesis", numeric: true, of: ({ value }) => number(value) },
  { title: "ours", numeric: true, of: ({ ours }) => number(rounded(ours, 4)) },
  { title: "difference, %", numeric: true, of: ({ difference }) => number(rounded(difference, 3)) },
];

function thesisTable(results: Results): PageTable {
  const rows = thesisRows(results).filter(({ ours }) => ours !== null);
  return { columns: thesisColumns.map(({ title, numeric }) => ({ title, numeric })), rows: rows.map((row) => thesisColumns.map(({ of }) => of(row))) };
}
