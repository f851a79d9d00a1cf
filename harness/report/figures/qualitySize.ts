import { type FigureCell, isExact, isFloat } from "./data.ts";
import type { FigureDefinition } from "./figure.ts";
import { readable } from "./numbers.ts";
import { onFront } from "../../analysis/front.ts";
import { kindOf } from "./perplexity.ts";
import { type Placed, plane } from "./plane.ts";

/** Values beyond so many times the best rival's say only that something is broken. */
const farthest = 20;
/** How near the sizes and values are that the lower panel shows by themselves. */
const near = { bits: 5.05, times: 2 };

/** Quality against size, with the cells marked that no other beats in both; below, those of 4 to 5 bits by themselves. */
export const qualitySize: FigureDefinition = ({ cells }) => {
  const quantized = cells.filter((cell) => isExact(cell) && !isFloat(cell));
  const compared = quantized.filter(({ divergence }) => divergence !== null && divergence.value > 0);
  const byDivergence = compared.length > 1;
  const what = byDivergence ? "KL divergence" : "perplexity";
  const axis = byDivergence ? "KL divergence, nats per token" : "perplexity";
  const all = (byDivergence ? compared : quantized).map((cell) => placed(cell, byDivergence, what));
  const small = all.filter(({ bits }) => bits <= near.bits);
  const anchor = Math.min(...(small.length > 0 ? small : all).map(({ value }) => value));
  const shown = all.filter(({ value }) => value <= anchor * (byDivergence ? farthest : near.times));
  if (shown.length < 2) return null;
  const front = onFront(shown);
  const marked = shown.map((point) => ({ ...point, front: front.includes(point.name) }));
  const close = marked.filter(({ bits, value }) => bits <= near.bits && value <= near.times * anchor);
  const zoomed = close.length > 2 && close.length < marked.length;
  // Named once, where there is room.
  const upper = zoomed ? marked.map((point) => (close.includes(point) ? { ...point, name: "" } : point)) : marked;
  const left = all.length - shown.length;
  return {
    name: "quality-size",
    title: `Size and ${what}`,
    caption: `Down and left is better. No cell beats those on the line in both: ${front.join(", ")}.${zoomed ? " Below, the small ones by themselves, with 95 % confidence intervals." : ""}${left > 0 ? ` Left out as far worse: ${all.filter(({ name }) => !shown.some((point) => point.name === name)).map(({ name }) => name).join(", ")}.` : ""}`,
    spec: {
      title: `Size against ${what}`,
      vconcat: [
        plane(upper, { height: zoomed ? 150 : 220, axis, errors: false, legend: true }),
        ...(zoomed ? [plane(close, { height: 220, axis, errors: true, legend: false })] : []),
      ],
      spacing: 10,
      resolve: { scale: { color: "independent" } },
    },
  };
};

function placed(cell: FigureCell, byDivergence: boolean, what: string): Placed {
  const { value, error } = byDivergence ? cell.divergence! : cell.perplexity;
  const hover = `${cell.name}: ${readable(cell.bits, 3)} bits per weight of the quantized tensors, ${what} ${readable(value)} ± ${readable(error, 2)}`;
  return { name: cell.name, bits: cell.bits, value, error, kind: kindOf(cell), front: false, hover };
}
