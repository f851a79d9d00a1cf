import { codeBars } from "./codeBars.ts";
import { codeShares } from "./data.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { tabled } from "./schemes.ts";

/** Figure 4.1.2: codes of Q8_0 through the basic table. */
export const figure412: FigureDefinition = (data) => {
  const codes = tabled(data, "basic")?.codes;
  if (!codes) return null;
  const kept = codeShares(codes).filter(({ code }) => code >= -2 && code <= 1);
  return {
    name: "figure-4.1.2",
    title: "Figure 4.1.2: codes of Q8_0, basic table",
    caption: `The four codes that the basic table keeps one to one, -2 to 1, are the rarest: ${percent(kept.reduce((sum, { share }) => sum + share, 0))} together. The outer, coarse bins collect the rest.`,
    spec: { title: "Codes of Q8_0 through the basic table", ...codeBars(codes) },
  };
};
