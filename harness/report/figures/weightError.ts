import { isPlain } from "../plainCell.ts";
import { type FigureCell, type FigureData, isExact } from "./data.ts";
import type { FigureDefinition } from "./figure.ts";
import { readable } from "./numbers.ts";
import { hover, type Panel } from "./panel.ts";
import { colours } from "./theme.ts";

const palette = [colours.quiet, colours.bar, colours.warn, colours.third];

/** Relative error of the weights by layer, a panel for each kind of tensor. */
export const weightError: FigureDefinition = (data) => {
  const cells = chosen(data);
  const values = cells.flatMap(({ name, weightErrors }) =>
    weightErrors.map((tensor) => {
      const { kind, layer } = parts(tensor.name);
      const error = 100 * Math.sqrt(tensor.relative);
      return { cell: name, kind, layer, error, hover: `${tensor.name}, ${name}: ${readable(error, 3)} %` };
    }),
  );
  if (values.length === 0) return null;
  const kinds = [...new Set(values.map(({ kind }) => kind))];
  const names = cells.map(({ name }) => name);
  return {
    name: "weight-error",
    title: "Error of the weights by layer and kind of tensor",
    caption: "Root of the squared error over the squared weights, in percent; one panel for each kind of tensor, its layers from left to right.",
    spec: {
      title: "Relative error of the weights, %",
      data: { values },
      facet: { field: "kind", type: "nominal", sort: kinds, title: null, header: { labelPadding: 2 } },
      columns: 3,
      spacing: { row: 14, column: 8 },
      spec: {
        width: 90, height: 70,
        layer: [
          { mark: { type: "line", strokeWidth: 1.2 }, encoding: { x: layerAxis, y: errorAxis, color: colour(names) } },
          { mark: { type: "point", size: 18 }, encoding: { x: layerAxis, y: errorAxis, color: colour(names), description: hover } },
        ],
      },
    },
  };
};

const layerAxis = { field: "layer", type: "quantitative", title: "layer", axis: { tickMinStep: 1, tickCount: 4, format: "d" }, scale: { nice: false } };
const errorAxis = { field: "error", type: "quantitative", title: null, axis: { tickCount: 3 }, scale: { zero: false } };

function colour(names: readonly string[]): Panel {
  return { field: "cell", type: "nominal", scale: { domain: [...names], range: palette.slice(0, names.length) }, legend: { symbolType: "circle", columns: 2 } };
}

/** Q4_0 and IQ4_NL where they are, and the best of the own tables. */
function chosen({ cells }: FigureData): FigureCell[] {
  const known = cells.filter((cell) => isExact(cell) && cell.weightErrors.length > 0);
  const total = ({ weightErrors }: FigureCell): number => weightErrors.reduce((sum, { relative }) => sum + relative, 0);
  const rivals = ["Q4_0", "IQ4_NL", "Q4_1"].flatMap((type) => known.find(({ cell }) => cell.type === type && cell.mode !== "own" && isPlain(cell)) ?? []);
  // A table much worse than they are would leave no room to tell the others apart.
  const limit = 2 * Math.max(...rivals.map(total), -Infinity);
  const own = known.filter((cell) => cell.cell.table && (rivals.length === 0 || total(cell) <= limit)).sort((left, right) => total(left) - total(right));
  return [...rivals, ...own.slice(0, palette.length - rivals.length)];
}

function parts(name: string): { kind: string; layer: number } {
  const found = /^blk\.(\d+)\.(.+?)\.weight$/.exec(name);
  return found ? { layer: Number(found[1]), kind: found[2]! } : { layer: 0, kind: name.replace(/\.weight$/, "") };
}
