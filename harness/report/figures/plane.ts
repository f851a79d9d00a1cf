import { kindColours } from "./dots.ts";
import { reach95, spansDecades, tickFormat } from "./numbers.ts";
import { hover, type Panel, widths } from "./panel.ts";
import type { Trade } from "../../analysis/front.ts";
import { belowLine, spreadLabels } from "./pareto.ts";
import { colours } from "./theme.ts";

/** A cell in the plane of size and value. */
export interface Placed extends Trade {
  error: number;
  kind: keyof typeof kindColours;
  front: boolean;
  hover: string;
}

/** How the plane is drawn. */
export interface PlaneOptions {
  height: number;
  /** Title of the axis of values. */
  axis: string;
  /** Whether 95 % confidence intervals are drawn. */
  errors: boolean;
  legend: boolean;
}

/** Cells by size and value, a line through those on the front, and as many names as there is room for. */
export function plane(points: readonly Placed[], { height, axis, errors, legend }: PlaneOptions): Panel {
  const logarithmic = spansDecades(points.map(({ value }) => value));
  const sizes = points.map(({ bits }) => bits);
  const middle = (Math.min(...sizes) + Math.max(...sizes)) / 2;
  const data = spreadLabels(points, { height, logarithmic }).map((point) => ({
    ...point,
    low: point.value - reach95 * point.error,
    high: point.value + reach95 * point.error,
    align: point.bits > middle ? "right" : "left",
  }));
  const kinds = Object.entries(kindColours).filter(([kind]) => points.some((point) => point.kind === kind));
  const x = { field: "bits", type: "quantitative", title: "bits per weight of the quantized tensors", scale: { zero: false, nice: false, padding: 14 }, axis: { tickCount: 6, tickMinStep: 0.5, format: "~g" } };
  const scale = { nice: false, padding: 20, ...(logarithmic ? { type: "log" } : { zero: false }) };
  const y = { type: "quantitative", title: axis, scale, axis: { tickCount: 5, ...(logarithmic ? { format: tickFormat(points.map(({ value }) => value)) } : {}) } };
  const color = {
    field: "kind", type: "nominal",
    scale: { domain: kinds.map(([kind]) => kind), range: kinds.map(([, colour]) => colour) },
    legend: legend && kinds.length > 1 ? { symbolType: "circle" } : null,
  };
  const value = { ...y, field: "value" };
  const onFront = [{ filter: { field: "front", equal: true } }];
  return {
    width: widths.whole, height, data: { values: data },
    layer: [
      { transform: onFront, mark: { type: "line", color: colours.third, interpolate: "step-after" }, encoding: { x, y: value } },
      ...(errors ? [{ mark: { type: "rule" }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } }] : []),
      { mark: { type: "point", size: 46 }, encoding: { x, y: value, color, description: hover } },
      { transform: onFront, mark: { type: "point", filled: false, size: 110, strokeWidth: 1.5, color: colours.third }, encoding: { x, y: value } },
      ...["left", "right"].flatMap((align) => [true, false].map((front) => ({
        transform: [{ filter: { field: "align", equal: align } }, { filter: { field: "front", equal: front } }],
        mark: { type: "text", align, dx: (align === "left" ? 1 : -1) * 8, dy: front ? belowLine : 0, fontSize: 9 },
        encoding: { x, y: value, text: { field: "label", type: "nominal" } },
      }))),
    ],
  };
}
