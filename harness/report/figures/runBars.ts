import { total } from "../../analysis/histogram.ts";
import { percent } from "./numbers.ts";
import { hover, type Panel, panelTitle, widths } from "./panel.ts";
import { colours } from "./theme.ts";

/** How a histogram of zero runs is drawn. */
export interface RunBars {
  width?: number;
  height?: number;
  title?: string;
  shareTitle?: string | null;
}

/** A histogram of zero runs by length as the thesis has it: 1 to 15, then 16 and more, as shares of all runs. */
export function runBars(runs: readonly number[], { width = widths.whole, height = 150, title, shareTitle = "share of zero runs, %" }: RunBars = {}): Panel {
  const sum = total(runs);
  const values = runs.map((count, index) => {
    const length = index === 15 ? "16+" : String(index + 1);
    const share = (100 * count) / sum;
    return { length, share, hover: `length ${length}: ${count} runs, ${percent(share)}`, label: index === 0 ? percent(share) : "" };
  });
  const lengths = values.map(({ length }) => length);
  const labels = width < 200 ? ["1", "4", "8", "12", "16+"] : lengths;
  const x = { field: "length", type: "ordinal", sort: null, title: "length of run", axis: { labelAngle: 0, values: labels, ticks: false }, scale: { paddingInner: 0.12, paddingOuter: 0.1 } };
  const y = { field: "share", type: "quantitative", title: shareTitle, scale: { domain: [0, 100] }, axis: { tickCount: 5 } };
  return {
    ...(title === undefined ? {} : { title: panelTitle(title) }),
    width, height, data: { values },
    layer: [
      { mark: { type: "bar", color: colours.bar }, encoding: { x, y, description: hover } },
      { mark: { type: "text", align: "left", dx: width < 200 ? 6 : 12, dy: 5, fontSize: 10 }, encoding: { x, y, text: { field: "label", type: "nominal" } } },
    ],
  };
}
