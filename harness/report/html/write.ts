import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { drawFigures, writeFigures } from "../figures/write.ts";
import { renderPage } from "./page.ts";
import type { Results } from "../load.ts";

/**
 * Make the figures and the page of a results folder.
 *
 * @returns the path of every file written, the page last
 */
export async function writeFiguresAndPage(results: Results): Promise<string[]> {
  const figures = await drawFigures(results);
  const written = await writeFigures(results, figures);
  const file = path.join(results.folder, "report.html");
  await writeFileAtomic(file, renderPage(results, figures));
  return [...written, file];
}
