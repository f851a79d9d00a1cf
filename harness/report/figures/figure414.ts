import { codeBars } from "./codeBars.ts";
import type { FigureDefinition } from "./figure.ts";
import { readable } from "./numbers.ts";
import { tabled } from "./schemes.ts";
import { tablePerplexity } from "./tablePerplexity.ts";

/** Figure 4.1.4: codes of Q8_0 through the balanced table, and its perplexity beside the others'. */
export const figure414: FigureDefinition = (data) => {
  const cell = tabled(data, "balanced");
  const panel = tablePerplexity(data, ["basic", "balanced"], 100);
  if (!cell?.codes || !panel) return null;
  const published = tabled(data, "balanced", "published");
  return {
    name: "figure-4.1.4",
    title: "Figure 4.1.4: codes and perplexity of Q8_0, balanced table",
    caption: `The balanced table makes all codes about as frequent. Decoded exactly its perplexity is ${readable(cell.perplexity.value)}${
      published ? `; as published (*), where the fork's missing decoding hid the difference to basic, ${readable(published.perplexity.value)}` : ""
    }.`,
    spec: {
      title: "Balanced table",
      hconcat: [codeBars(cell.codes, { width: 110, height: 120, shareTitle: "share of codes, %" }), panel],
      spacing: 14,
    },
  };
};
