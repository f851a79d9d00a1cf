import { isolated } from "../../analysis/zeroRuns.ts";
import { codeBars } from "./codeBars.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { widths } from "./panel.ts";
import { runBars } from "./runBars.ts";
import { centred } from "./schemes.ts";

/** Figure 3.3.1: codes and zero runs at radius 0, left, and radius 1, right. */
export const figure331: FigureDefinition = (data) => {
  const [left, right] = [centred(data, 0), centred(data, 1)];
  if (!left?.codes || !right?.codes || !left.zeroRuns || !right.zeroRuns) return null;
  const size = { width: widths.half, height: 120 };
  return {
    name: "figure-3.3.1",
    title: "Figure 3.3.1: codes and runs of zeros, radius 0 and 1",
    caption: `Zeroing codes -1 and 1 lowers the share of isolated zeros from ${percent(isolated(left.zeroRuns.measured))} to ${percent(isolated(right.zeroRuns.measured))}. The thesis: 87.83 % to 65.54 %; independent Gaussian weights: 88.06 % to 65.95 %.`,
    spec: {
      title: "Codes and runs of zeros",
      vconcat: [
        { hconcat: [codeBars(left.codes, { ...size, title: "radius 0" }), codeBars(right.codes, { ...size, title: "radius 1", shareTitle: null })], spacing: 16 },
        { hconcat: [runBars(left.zeroRuns.measured, size), runBars(right.zeroRuns.measured, { ...size, shareTitle: null })], spacing: 16 },
      ],
      spacing: 12,
    },
  };
};
