import { codeBars } from "./codeBars.ts";
import { codeShares } from "./data.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { centred } from "./schemes.ts";

/** Figure 3.2.1: codes of the thesis's centred Q4_0, -8 to 7. */
export const figure321: FigureDefinition = (data) => {
  const codes = centred(data, 0)?.codes;
  if (!codes) return null;
  const zero = codeShares(codes).find(({ code }) => code === 0)?.share ?? 0;
  return {
    name: "figure-3.2.1",
    title: "Figure 3.2.1: codes of Q4_0, own, radius 0",
    caption: `The same bell, moved so that code 0 stands for a weight of zero: ${percent(zero)} of all codes.`,
    spec: { title: "Codes of Q4_0, own, radius 0", ...codeBars(codes) },
  };
};
