import type { Results } from "../load.ts";
import type { Report } from "../report.ts";
import { figureData } from "./data.ts";
import { newFigures, thesisFigures } from "./definitions.ts";
import type { Figure, FigureDefinition } from "./figure.ts";
import type { RenderedFigure } from "./svg.ts";
import { themeConfig } from "./theme.ts";

/** Raised whenever the same figures are drawn in another way: what a figure shows, and the theme, count by themselves. */
const drawingVersion = 1;

/** The figures of a study: those of the thesis, and others. */
export interface StudyFigures<Kind = Figure> {
  thesis: Kind[];
  others: Kind[];
}

/** Every figure that a study has the data for. */
export function studyFigures(results: Results): StudyFigures {
  const data = figureData(results);
  const made = (definitions: readonly FigureDefinition[]): Figure[] => definitions.flatMap((definition) => definition(data) ?? []);
  return { thesis: made(thesisFigures), others: made(newFigures) };
}

/** Draws figures, each once. */
export interface Drawing {
  draw(figure: Figure): Promise<RenderedFigure>;
  all(figures: StudyFigures): Promise<StudyFigures<RenderedFigure>>;
}

/** Draws figures; the libraries, which take a while to load, are loaded for the first of them. */
export function makeDrawing(): Drawing {
  const drawn = new Map<Figure, Promise<RenderedFigure>>();
  const draw = (figure: Figure): Promise<RenderedFigure> => {
    const known = drawn.get(figure);
    if (known) return known;
    const drawing = import("./svg.ts").then(({ renderFigure }) => renderFigure(figure));
    drawn.set(figure, drawing);
    return drawing;
  };
  const each = (figures: readonly Figure[]): Promise<RenderedFigure[]> => Promise.all(figures.map(draw));
  return { draw, all: async ({ thesis, others }) => ({ thesis: await each(thesis), others: await each(others) }) };
}

/** All that a figure follows from. */
export function figureBasis({ name, title, caption, spec }: Figure): unknown[] {
  return [drawingVersion, themeConfig, name, title, caption, spec];
}

/** Figures as SVG and PNG, in the folder `figures`. */
export function figureReports({ thesis, others }: StudyFigures, { draw }: Drawing): Report[] {
  return [...thesis, ...others].map((figure) => ({
    name: `figures/${figure.name}`,
    kind: "figure",
    basis: figureBasis(figure),
    async make() {
      const { plain, adaptive } = await draw(figure);
      const { renderPng } = await import("./png.ts");
      return [
        { name: `figures/${figure.name}.svg`, content: adaptive },
        { name: `figures/${figure.name}.png`, content: renderPng(plain) },
      ];
    },
  }));
}
