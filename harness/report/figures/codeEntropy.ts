import type { FigureDefinition } from "./figure.ts";
import { readable, reach95, spansDecades, tickFormat } from "./numbers.ts";
import { hover, widths } from "./panel.ts";
import { radii } from "./schemes.ts";
import { colours } from "./theme.ts";

/** What a radius saves, and what it costs: perplexity against entropy of the codes, a curve over the radius. */
export const codeEntropy: FigureDefinition = (data) => {
  const values = radii(data).flatMap(({ radius, cell: { entropy, perplexity: { value, error } } }) =>
    entropy === null ? [] : [{
      radius, entropy, value, low: Math.max(value - reach95 * error, value / 10), high: value + reach95 * error,
      label: `r = ${radius}`, hover: `radius ${radius}: ${readable(entropy, 3)} bits per code, perplexity ${readable(value)}`,
    }],
  );
  const [first] = values;
  const last = values.at(-1);
  if (!first || !last || values.length < 2) return null;
  const logarithmic = spansDecades(values.map(({ value }) => value));
  const x = { field: "entropy", type: "quantitative", title: "entropy of the codes, bits per code", scale: { zero: false, nice: false, padding: 30 } };
  const y = { type: "quantitative", title: "perplexity", scale: logarithmic ? { type: "log", nice: true } : { zero: false }, axis: { tickCount: 5, ...(logarithmic ? { format: tickFormat(values.map(({ value }) => value)) } : {}) } };
  return {
    name: "entropy",
    title: "Perplexity against entropy of the codes",
    caption: `Each radius makes codes cheaper to store and the model worse: from ${readable(first.entropy, 3)} bits per code at perplexity ${readable(first.value)} (radius ${first.radius}) to ${readable(last.entropy, 3)} at ${readable(last.value)} (radius ${last.radius}).`,
    spec: {
      title: "What a radius saves, and what it costs",
      width: widths.whole, height: 190, data: { values },
      layer: [
        { mark: { type: "line", color: colours.bar }, encoding: { x, y: { ...y, field: "value" }, order: { field: "radius" } } },
        { mark: { type: "rule", color: colours.bar }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } } },
        { mark: { type: "point" }, encoding: { x, y: { ...y, field: "value" }, description: hover } },
        { mark: { type: "text", align: "left", dx: 7, dy: -6 }, encoding: { x, y: { ...y, field: "value" }, text: { field: "label", type: "nominal" } } },
      ],
    },
  };
};
