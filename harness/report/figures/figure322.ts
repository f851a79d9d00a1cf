import { isolated } from "../../analysis/zeroRuns.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { runBars } from "./runBars.ts";
import { centred } from "./schemes.ts";

/** Figure 3.2.2: runs of consecutive zeros, radius 0. */
export const figure322: FigureDefinition = (data) => {
  const runs = centred(data, 0)?.zeroRuns?.measured;
  if (!runs) return null;
  return {
    name: "figure-3.2.2",
    title: "Figure 3.2.2: runs of zeros of Q4_0, own, radius 0",
    caption: `${percent(isolated(runs))} of the runs of zeros have length 1. The thesis found 87.83 % in Llama-2-7B; independent Gaussian weights give 88.06 %.`,
    spec: { title: "Runs of zeros, radius 0", ...runBars(runs) },
  };
};
