/**
 * A figure, or a part of one, in vega-lite's language. Its own types are of no help here: they refuse
 * objects that are put together from parts. What is wrong is found when it is drawn.
 */
export type Panel = Readonly<Record<string, unknown>>;

/** The pointer's text of a mark, from the data's field `hover`. */
export const hover = { field: "hover", type: "nominal" };

/** Labels with a true minus sign, as numeric axes have them. */
export const minus = "replace(datum.label, '-', '−')";

/** Width of a panel that stands alone, and of one of two, in pixels; made for a column of 360. */
export const widths = { whole: 300, half: 138 };

/** Title of a panel within a figure. */
export function panelTitle(text: string): Panel {
  return { text, fontSize: 10, fontWeight: "normal", offset: 4 };
}
