import type { FigureCell, FigureData } from "./data.ts";
import { type Dot, dots, kindColours } from "./dots.ts";
import type { Panel } from "./panel.ts";
import { simple, tabled } from "./schemes.ts";

/** Perplexities of the thesis's chapter 4, decoded exactly and as published; null when a scheme is missing. */
export function tablePerplexity(data: FigureData, tables: readonly ("basic" | "balanced")[], width: number): Panel | null {
  const rows: Dot[] = [];
  const add = (name: string, cell: FigureCell | undefined, kind: string): void => {
    if (cell) rows.push({ name, value: cell.perplexity.value, error: cell.perplexity.error, kind });
  };
  const [q4, q8] = [simple(data, "Q4_0"), simple(data, "Q8_0")];
  if (!q4 || !q8) return null;
  add("Q4_0", q4, "decoded exactly");
  add("Q4_0 *", simple(data, "Q4_0", "published"), "as published");
  add("Q8_0", q8, "decoded exactly");
  for (const kind of tables) {
    const exact = tabled(data, kind);
    if (!exact) return null;
    add(kind, exact, "decoded exactly");
    add(`${kind} *`, tabled(data, kind, "published"), "as published");
  }
  return dots(rows, { title: "perplexity", kinds: kindColours, width });
}
