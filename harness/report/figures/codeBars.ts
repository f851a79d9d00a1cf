import { type CodeCounts, codeShares } from "./data.ts";
import { percent } from "./numbers.ts";
import { hover, minus, type Panel, panelTitle, widths } from "./panel.ts";
import { colours } from "./theme.ts";

/** How a histogram of codes is drawn. */
export interface CodeBars {
  width?: number;
  height?: number;
  title?: string;
  /** Title of the vertical axis; none where a panel beside has it. */
  shareTitle?: string | null;
}

/** A histogram of codes as the thesis has them: one bar for each code, its share in the whole model. */
export function codeBars(codes: CodeCounts, { width = widths.whole, height = 150, title, shareTitle = "share of codes, %" }: CodeBars = {}): Panel {
  const values = codeShares(codes).map(({ code, share }) => ({ code, next: code + 1, share, hover: `code ${code}: ${percent(share)}` }));
  const y = { field: "share", type: "quantitative", title: shareTitle, axis: { tickCount: 5 } };
  const base = { ...(title === undefined ? {} : { title: panelTitle(title) }), width, height, data: { values } };
  if (values.length <= 16) {
    const labels = width < 200 ? values.filter((_value, index) => index % 3 === 0).map(({ code }) => code) : values.map(({ code }) => code);
    return {
      ...base,
      mark: { type: "bar", color: colours.bar },
      encoding: {
        x: { field: "code", type: "ordinal", title: "code", axis: { labelAngle: 0, values: labels, ticks: false, labelExpr: minus }, scale: { paddingInner: 0.12, paddingOuter: 0.1 } },
        y, description: hover,
      },
    };
  }
  return {
    ...base,
    // Whole pixels for each code, or bars get seams between them.
    width: values.length,
    mark: { type: "bar", color: colours.bar, strokeWidth: 0 },
    encoding: {
      x: { field: "code", type: "quantitative", title: "code", axis: { values: [-128, -64, 0, 64, 127] }, scale: { domain: [codes.firstCode, codes.firstCode + values.length], nice: false } },
      x2: { field: "next" }, y, y2: { datum: 0 }, description: hover,
    },
  };
}
