import type { Config } from "vega-lite";

/** A colour as it is on white paper, and what takes its place on a dark screen. */
interface Shade {
  light: string;
  dark: string;
}

const shades = {
  paper: { light: "#ffffff", dark: "#11161d" },
  ink: { light: "#1f2328", dark: "#e6edf3" },
  quiet: { light: "#57606a", dark: "#a3adb8" },
  line: { light: "#d5dbe1", dark: "#39414b" },
  bar: { light: "#0072b2", dark: "#4fb0e6" },
  barPale: { light: "#86bfe0", dark: "#2b6a94" },
  warn: { light: "#bf4f00", dark: "#f2935c" },
  third: { light: "#00795a", dark: "#3dc79b" },
  fourth: { light: "#a03c78", dark: "#e08fc0" },
} as const satisfies Record<string, Shade>;

/**
 * Colours of every figure, from Okabe and Ito's set, which stays apart under all common kinds of colour
 * blindness. Darkened until each has a contrast of 3 on paper, those of text of 4.5.
 */
export const colours = Object.fromEntries(Object.entries(shades).map(([name, { light }]) => [name, light])) as Record<keyof typeof shades, string>;

/** Every colour with its dark twin; for the style sheet, and for a test of contrast. */
export const colourPairs: readonly Shade[] = Object.values(shades);

/** The font of all figures: shipped with the project, so that a PNG is the same everywhere. */
export const fontFamily = "DejaVu Sans";

const text = { labelColor: colours.quiet, titleColor: colours.quiet, labelFontSize: 9.5, titleFontSize: 9.5, titleFontWeight: "normal" } as const;

/** What all figures have in common. Sizes are made for a column of 360 pixels. */
export const themeConfig: Config = {
  font: `${fontFamily}, Verdana, sans-serif`,
  background: colours.paper,
  padding: 8,
  customFormatTypes: false,
  view: { stroke: null },
  title: { color: colours.ink, fontSize: 12, fontWeight: "bold", anchor: "start", offset: 10, subtitleColor: colours.quiet, subtitleFontSize: 10, subtitlePadding: 4 },
  axis: { ...text, domainColor: colours.quiet, tickColor: colours.quiet, gridColor: colours.line, labelLimit: 0, titlePadding: 6 },
  axisX: { grid: false, labelFlush: false },
  legend: { ...text, title: null, orient: "top", symbolSize: 50, labelLimit: 0, offset: 6, labelColor: colours.ink },
  header: { labelColor: colours.ink, labelFontSize: 10, titleColor: colours.quiet, titleFontSize: 9.5 },
  text: { color: colours.ink, fontSize: 9.5 },
  bar: { color: colours.bar },
  point: { color: colours.bar, filled: true, size: 40, opacity: 1 },
  rule: { color: colours.quiet },
  line: { color: colours.bar, strokeWidth: 1.5 },
};
