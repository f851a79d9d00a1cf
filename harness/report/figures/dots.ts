import { readable, reach95, spansDecades, tickFormat } from "./numbers.ts";
import { hover, type Panel } from "./panel.ts";
import { colours } from "./theme.ts";

/** A measured value with a name. */
export interface Dot {
  name: string;
  value: number;
  /** One standard error. */
  error: number;
  /** What kind of value it is; kinds have colours of their own. */
  kind: string;
}

/** How values are drawn. */
export interface Dots {
  /** Title of the axis of values. */
  title: string;
  /** Kinds in the order of the legend, with their colours. No legend for a single one. */
  kinds: Record<string, string>;
  /** Width of the plot, between the names and the numbers; what they leave of a column when absent. */
  width?: number;
}

/** Colours of the kinds that most figures tell apart. */
export const kindColours = { upstream: colours.quiet, "decoded exactly": colours.bar, "by second moments": colours.fourth, "ready-made": colours.third, "as published": colours.warn } as const;

/**
 * Values with 95 % confidence intervals, one row for each name, the number itself at the right.
 * The scale is logarithmic when the values span more than a decade or so.
 */
export function dots(values: readonly Dot[], { title, kinds, width }: Dots): Panel {
  const logarithmic = spansDecades(values.map(({ value }) => value));
  const rows = values.map(({ name, value, error, kind }) => ({
    name, value, kind,
    low: Math.max(value - reach95 * error, logarithmic ? value / 10 : -Infinity),
    high: value + reach95 * error,
    label: readable(value, value < 1 ? 3 : 4),
    hover: `${name}, ${kind}: ${readable(value, 5)} ± ${readable(error, 2)}`,
  }));
  const present = Object.entries(kinds).filter(([kind]) => values.some((value) => value.kind === kind));
  const longest = Math.max(...values.map(({ name }) => name.length));
  const plot = width ?? Math.max(80, 262 - 5.4 * longest);
  const y = { field: "name", type: "nominal", sort: null, title: null, axis: { grid: true, ticks: false, domain: false, labelColor: colours.ink, labelFontSize: 9 } };
  const scale = logarithmic ? { type: "log", nice: false, padding: 8 } : { zero: false, nice: true, padding: 6 };
  const x = { type: "quantitative", title, scale, axis: { tickCount: 4, ...(logarithmic ? { format: tickFormat(values.map(({ value }) => value)), labelOverlap: true } : {}) } };
  const color = {
    field: "kind", type: "nominal",
    scale: { domain: present.map(([kind]) => kind), range: present.map(([, colour]) => colour) },
    legend: present.length > 1 ? { symbolType: "circle", columns: 2 } : null,
  };
  return {
    width: plot, height: { step: 15 }, data: { values: rows },
    layer: [
      { mark: { type: "rule", strokeWidth: 1.5 }, encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" }, color } },
      { mark: { type: "point", size: 42 }, encoding: { y, x: { ...x, field: "value" }, color, description: hover } },
      { mark: { type: "text", align: "right", fontSize: 9 }, encoding: { y, x: { value: plot + 62 }, text: { field: "label", type: "nominal" } } },
    ],
  };
}
