import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Eta } from "eta";
import { measured, type Results } from "../load.ts";
import { thesisRows } from "../thesis.ts";
import { figureData } from "../figures/data.ts";
import { darkRules } from "../figures/theme.ts";
import type { StudyFigures } from "../figures/write.ts";
import { answers } from "./answer.ts";
import { cellsTable } from "./cells.ts";
import { number, type PageTable, words } from "./columns.ts";
import { againLines, cellRun, manifestRows } from "./manifest.ts";

const folder = path.dirname(fileURLToPath(import.meta.url));
const part = (name: string): string => readFileSync(path.join(folder, name), "utf8");

const questions = [
  "Can a 4-bit model be compressed further, because some of its codes, zeros above all, are frequent and next to each other?",
  "Can the 256 codes of an 8-bit model be regrouped into 16, for a 4-bit model nearer to 8-bit precision?",
];

/**
 * report.html: everything about a study in one file, that asks nothing of the network.
 * Text from outside, such as names of cells, is escaped by the template.
 */
export function renderPage(results: Results, figures: StudyFigures): string {
  const { plan } = results;
  const data = figureData(results);
  const script = part("sort.js");
  return new Eta({ views: folder }).render("./page", {
    title: plan.study.title ?? plan.study.name,
    study: plan.study.name,
    measuredOn: `Model ${plan.model.name}, text ${plan.text.name}, llama.cpp ${plan.build.release}; ${data.cells.length} cells measured, ${plan.date.slice(0, 10)}.`,
    questions,
    answers: answers(data),
    cells: cellsTable(results, data),
    galleries: [
      { heading: "Figures", note: "Values show under the pointer.", figures: figures.others },
      { heading: "The thesis's figures, from this study's data", note: "In the thesis's numbering and layout; a star is a cell decoded as its program did.", figures: figures.thesis },
    ].filter(({ figures: drawn }) => drawn.length > 0),
    thesis: thesisTable(results),
    manifest: manifestRows(results),
    runs: measured(results).map(cellRun),
    again: againLines(results),
    style: `${part("page.css")}${darkRules}`,
    script,
    scriptHash: `sha256-${createHash("sha256").update(script).digest("base64")}`,
  });
}

function thesisTable(results: Results): PageTable {
  const { columns, rows } = thesisRows(results);
  const numeric = ["thesis", "ours", "difference_percent"];
  return {
    columns: columns.map((name) => ({ title: name === "difference_percent" ? "difference, %" : name, numeric: numeric.includes(name) })),
    rows: rows.filter((row) => row[columns.indexOf("ours")] !== null).map((row) => row.map((value) => (typeof value === "number" ? number(value) : words(value)))),
  };
}
