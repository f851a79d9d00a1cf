import { createRequire } from "node:module";
import { Resvg } from "@resvg/resvg-js";
import { fontFamily } from "./theme.ts";

const { resolve } = createRequire(import.meta.url);
const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) => resolve(`dejavu-fonts-ttf/ttf/${name}`));

/**
 * An SVG as PNG, three pixels for each of its units. Only fonts that ship with the project are used.
 *
 * @param svg without rules for dark screens
 */
export function renderPng(svg: string): Buffer {
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: 3 },
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: fontFamily },
  });
  return image.render().asPng();
}
