import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Results } from "../load.ts";
import { figureData } from "./data.ts";
import { newFigures, thesisFigures } from "./definitions.ts";
import type { FigureDefinition } from "./figure.ts";
import { renderPng } from "./png.ts";
import { type RenderedFigure, renderFigure } from "./svg.ts";

/** The figures of a study: those of the thesis, and others. */
export interface StudyFigures {
  thesis: RenderedFigure[];
  others: RenderedFigure[];
}

/** Draw every figure that a study has the data for. */
export async function drawFigures(results: Results): Promise<StudyFigures> {
  const data = figureData(results);
  const draw = (definitions: readonly FigureDefinition[]): Promise<RenderedFigure[]> =>
    Promise.all(definitions.flatMap((definition) => definition(data) ?? []).map(renderFigure));
  return { thesis: await draw(thesisFigures), others: await draw(newFigures) };
}

/**
 * Keep figures as SVG and PNG in the folder `figures` of a results folder; figures of an earlier
 * study that are no longer made go.
 *
 * @returns the path of every file written
 */
export async function writeFigures(results: Results, { thesis, others }: StudyFigures): Promise<string[]> {
  const folder = path.join(results.folder, "figures");
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const { figure, plain, adaptive } of [...thesis, ...others]) {
    for (const [ending, content] of [["svg", adaptive], ["png", renderPng(plain)]] as const) {
      const file = path.join(folder, `${figure.name}.${ending}`);
      await writeFileAtomic(file, content);
      written.push(file);
    }
  }
  const current = new Set(written.map((file) => path.basename(file)));
  for (const name of await readdir(folder)) {
    if (/\.(svg|png)$/.test(name) && !current.has(name)) await rm(path.join(folder, name));
  }
  return written;
}
