import { isolated } from "../../analysis/zeroRuns.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { widths } from "./panel.ts";
import { runBars } from "./runBars.ts";
import { centred } from "./schemes.ts";

/** Figure 3.3.2: zero runs at radius 2, left, and radius 3, right. */
export const figure332: FigureDefinition = (data) => {
  const [left, right] = [centred(data, 2)?.zeroRuns, centred(data, 3)?.zeroRuns];
  if (!left || !right) return null;
  const size = { width: widths.half, height: 120 };
  return {
    name: "figure-3.3.2",
    title: "Figure 3.3.2: runs of zeros, radius 2 and 3",
    caption: `With more codes made zero, isolated zeros fall further: ${percent(isolated(left.measured))} and ${percent(isolated(right.measured))} of the runs. Independent Gaussian weights: 47.1 % and 32.3 %.`,
    spec: {
      title: "Runs of zeros",
      hconcat: [runBars(left.measured, { ...size, title: "radius 2" }), runBars(right.measured, { ...size, title: "radius 3", shareTitle: null })],
      spacing: 16,
    },
  };
};
