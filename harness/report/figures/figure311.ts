import { codeBars } from "./codeBars.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { codeShares } from "./data.ts";
import { simple } from "./schemes.ts";

/** Figure 3.1.1: codes of upstream's Q4_0, 0 to 15. */
export const figure311: FigureDefinition = (data) => {
  const codes = simple(data, "Q4_0")?.codes;
  if (!codes) return null;
  const shares = codeShares(codes);
  const share = (wanted: number): string => percent(shares.find(({ code }) => code === wanted)?.share ?? 0);
  return {
    name: "figure-3.1.1",
    title: "Figure 3.1.1: codes of Q4_0, simple",
    caption: `A bell around code 8, which stands for a weight of zero: ${share(8)} of all codes. Code 0 is ${share(0)}: its weight is each block's largest.`,
    spec: { title: "Codes of Q4_0, simple", ...codeBars(codes) },
  };
};
