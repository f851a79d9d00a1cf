import { readFile } from "node:fs/promises";
import path from "node:path";
import { stepsOfCell } from "../steps/registry.ts";
import { resultsStore, stepFolder } from "../store/store.ts";
import { figureReports, makeDrawing, studyFigures } from "./figures/reports.ts";
import { pageReport } from "./html/report.ts";
import { keepReports, type KeptReports } from "./keep.ts";
import { measured, type Results } from "./load.ts";
import { manifest, settingsOf } from "./manifest.ts";
import { type Report, recordsOf } from "./report.ts";
import { tableReports } from "./tables.ts";
import { tokenReport } from "./tokenTable.ts";

/**
 * Write what people read of a results folder, as far as what it shows has changed: tables, the library's histograms,
 * manifest, and where a cell was measured figures and page.
 *
 * @throws Error when a file cannot be written
 */
export async function writeReports(results: Results): Promise<KeptReports> {
  const reports = [...tableReports(results), ...histogramReports(results), manifestReport(results)];
  if (measured(results).length > 0) {
    const [figures, drawing] = [studyFigures(results), makeDrawing()];
    reports.push(...figureReports(figures, drawing), pageReport(results, figures, drawing));
  }
  return keepReports(results.folder, reports, ["histograms/", "figures/"]);
}

/** Write the page alone, with its figures, if a cell was measured: for a look at a sweep that is still running. */
export async function writePage(results: Results): Promise<void> {
  if (measured(results).length === 0) return;
  await keepReports(results.folder, [pageReport(results, studyFigures(results), makeDrawing())], []);
}

/**
 * Write tokens.csv, which is made on request.
 *
 * @throws UserError when no cell has a reference, or the model or what was found for each token is gone
 */
export async function writeTokenTable(results: Results): Promise<KeptReports> {
  return keepReports(results.folder, [tokenReport(results)], []);
}

function manifestReport(results: Results): Report {
  return {
    name: "manifest.json",
    kind: "file",
    basis: [1, settingsOf(results), recordsOf(results, stepsOfCell.map(({ name }) => name))],
    make: () => [{ name: "manifest.json", content: `${JSON.stringify(manifest(results), null, 2)}\n` }],
  };
}

/** The library's JSON of each cell, in the shape that the thesis's fork printed. */
function histogramReports(results: Results): Report[] {
  return measured(results).flatMap(({ cell, record }): Report[] => {
    const quantized = record.steps.get("quantize");
    if (!quantized?.files["histogram"]) return [];
    const name = `histograms/${cell.name}.json`;
    const source = path.join(stepFolder(resultsStore(results.folder), "quantize", quantized.key), "histogram");
    return [{ name, kind: "histogram", basis: [1, quantized.files["histogram"].sha256], make: async () => [{ name, content: await readFile(source) }] }];
  });
}
