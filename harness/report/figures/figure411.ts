import { codeBars } from "./codeBars.ts";
import { codeShares } from "./data.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { simple } from "./schemes.ts";

/** Figure 4.1.1: codes of upstream's Q8_0, -128 to 127. */
export const figure411: FigureDefinition = (data) => {
  const codes = simple(data, "Q8_0")?.codes;
  if (!codes) return null;
  const extremes = codeShares(codes).filter(({ code }) => Math.abs(code) === 127);
  return {
    name: "figure-4.1.1",
    title: "Figure 4.1.1: codes of Q8_0, simple",
    caption: `A bell around 0, with a peak at either end: the largest weight of each block of 32 becomes -127 or 127, ${percent(extremes.reduce((sum, { share }) => sum + share, 0))} of all codes.`,
    spec: { title: "Codes of Q8_0, simple", ...codeBars(codes) },
  };
};
