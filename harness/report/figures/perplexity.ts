import { type FigureCell, type FigureData, isExact } from "./data.ts";
import { type Dot, dots, kindColours } from "./dots.ts";
import type { FigureDefinition } from "./figure.ts";
import { readable } from "./numbers.ts";

/** Which of the colours of `kindColours` a cell gets. */
export function kindOf(cell: FigureCell): keyof typeof kindColours {
  if (!isExact(cell)) return "as published";
  if (cell.cell.feedback) return "by second moments";
  if (cell.cell.mode === "ready") return "ready-made";
  return cell.cell.mode === "own" ? "decoded exactly" : "upstream";
}

function sorted(cells: readonly FigureCell[], pick: (cell: FigureCell) => { value: number; error: number } | null): Dot[] {
  return cells
    .flatMap((cell) => {
      const found = pick(cell);
      return found ? [{ name: cell.name, value: found.value, error: found.error, kind: kindOf(cell) }] : [];
    })
    .sort((left, right) => left.value - right.value);
}

/** Perplexity of every cell, best first. */
export const perplexity: FigureDefinition = ({ cells }: FigureData) => {
  const values = sorted(cells, (cell) => cell.perplexity);
  const [best] = values;
  if (!best || values.length < 2) return null;
  return {
    name: "perplexity",
    title: "Perplexity of every cell",
    caption: `Lower is better; lines are 95 % confidence intervals over the text. Best: ${best.name}, ${readable(best.value)}.`,
    spec: { title: "Perplexity", ...dots(values, { title: "perplexity", kinds: kindColours }) },
  };
};

/** Mean KL divergence of every cell that has one, best first. */
export const divergence: FigureDefinition = ({ cells }: FigureData) => {
  const values = sorted(cells, (cell) => (cell.divergence && cell.divergence.value > 0 ? cell.divergence : null));
  const [best] = values;
  if (!best || values.length < 2) return null;
  return {
    name: "divergence",
    title: "KL divergence of every cell",
    caption: `How far the predictions are from the unquantized model's, in nats per token; lines are 95 % confidence intervals. Nearest: ${best.name}, ${readable(best.value, 3)}.`,
    spec: { title: "KL divergence to the unquantized model", ...dots(values, { title: "mean divergence, nats per token", kinds: kindColours }) },
  };
};
