import { isolated } from "../../analysis/zeroRuns.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent, readable } from "./numbers.ts";
import { hover, type Panel, panelTitle, widths } from "./panel.ts";
import { radii } from "./schemes.ts";
import { colours } from "./theme.ts";

/** Less than half a run cannot be told from none. */
const least = 0.5;
const kinds = { measured: colours.bar, "expected by chance": colours.warn } as const;

/** Runs of zeros as measured, and as independent codes would have them. */
export const expectedRuns: FigureDefinition = (data) => {
  const cells = radii(data).flatMap(({ radius, cell: { zeroRuns } }) => (zeroRuns?.expected ? [{ radius, measured: zeroRuns.measured, expected: zeroRuns.expected, chiSquare: zeroRuns.chiSquare }] : []));
  if (cells.length === 0) return null;
  const width = cells.length === 1 ? widths.whole : widths.half;
  const share = (runs: readonly number[]): string => percent(isolated(runs), 1);
  return {
    name: "zero-runs",
    title: "Runs of zeros, measured and expected by chance",
    caption: `If codes did not know their neighbours, runs of zeros would be as long as the rings show. Isolated zeros, measured against expected: ${cells.map(({ radius, measured, expected, chiSquare }) => `radius ${radius} ${share(measured)} against ${share(expected)}${chiSquare === null ? "" : ` (χ² ${readable(chiSquare, 3)})`}`).join("; ")}.`,
    spec: {
      title: "Runs of zeros, measured and expected",
      concat: cells.map(({ radius, measured, expected }, index) => panel(radius, measured, expected, width, index % 2 === 0)),
      columns: 2,
      spacing: 12,
    },
  };
};

function panel(radius: number, measured: readonly number[], expected: readonly number[], width: number, hasTitle: boolean): Panel {
  const values = [...points("measured", measured), ...points("expected by chance", expected)];
  const shown = values.filter(({ count }) => count >= least);
  const decades = Math.ceil(Math.log10(Math.max(...measured, ...expected)));
  const color = { field: "kind", type: "nominal", scale: { domain: Object.keys(kinds), range: Object.values(kinds) }, legend: { symbolType: "circle", columns: 2 } };
  const x = { field: "length", type: "ordinal", sort: lengths, title: "length of run", scale: { domain: lengths }, axis: { labelAngle: 0, values: ["1", "4", "8", "12", "16+"], ticks: false } };
  const y = { field: "count", type: "quantitative", title: hasTitle ? "runs" : null, scale: { type: "log", nice: false, domain: [least, 10 ** decades] }, axis: { values: [0, 2, 4, 6, 8, 10].map((power) => 10 ** power), format: "~s" } };
  return {
    title: panelTitle(`radius ${radius}`),
    width, height: 110, data: { values: shown },
    layer: [
      { transform: [{ filter: { field: "kind", equal: "measured" } }], mark: { type: "point", size: 34 }, encoding: { x, y, color, description: hover } },
      { transform: [{ filter: { field: "kind", equal: "expected by chance" } }], mark: { type: "point", size: 70, filled: false, strokeWidth: 1.4 }, encoding: { x, y, color, description: hover } },
    ],
  };
}

const lengths = Array.from({ length: 16 }, (_item, index) => (index === 15 ? "16+" : String(index + 1)));

function points(kind: keyof typeof kinds, runs: readonly number[]): { kind: string; length: string; count: number; hover: string }[] {
  return runs.map((count, index) => ({ kind, length: lengths[index]!, count, hover: `length ${lengths[index]}, ${kind}: ${Math.round(count).toLocaleString("en")} runs` }));
}
