import type { FigureDefinition } from "./figure.ts";
import { readable } from "./numbers.ts";
import { simple, tabled } from "./schemes.ts";
import { tablePerplexity } from "./tablePerplexity.ts";

/** Figure 4.1.3: perplexity of Q4_0, Q8_0, and Q8_0 through the basic table. */
export const figure413: FigureDefinition = (data) => {
  const panel = tablePerplexity(data, ["basic"], 190);
  if (!panel) return null;
  const published = tabled(data, "basic", "published");
  return {
    name: "figure-4.1.3",
    title: "Figure 4.1.3: perplexity of Q8_0, basic table",
    caption: `The basic table's perplexity is ${readable(tabled(data, "basic")!.perplexity.value)}, against ${readable(simple(data, "Q4_0")!.perplexity.value)} of Q4_0 with as many bits.${
      published ? ` As the thesis's fork used the codes, without decoding them (*), it is ${readable(published.perplexity.value)}.` : ""
    }`,
    spec: { title: "Perplexity, basic table", ...panel },
  };
};
