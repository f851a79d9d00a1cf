import { optimize, type CustomPlugin } from "svgo";
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Figure } from "./figure.ts";
import { textWidth } from "./textWidth.ts";
import { darkRules } from "./darkRules.ts";
import { themeConfig } from "./theme.ts";

vega.textMetrics.width = textWidth;

/** A figure as SVG: plain, as other programs read it, and with the rules that turn it dark on dark screens. */
export interface RenderedFigure {
  figure: Figure;
  /** Width in pixels at which its text has the size that it was made for. */
  width: number;
  plain: string;
  adaptive: string;
}

/**
 * Draw a figure. The same figure gives the same bytes, whatever was drawn before and on any machine.
 * Marks with an encoding `description` show it while the pointer rests on them.
 */
export async function renderFigure(figure: Figure): Promise<RenderedFigure> {
  const { spec } = compile({ ...figure.spec, config: themeConfig } as unknown as TopLevelSpec);
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  vega.resetSVGDefIds();
  const drawn = await view.toSVG();
  view.finalize();
  const width = Number(/ width="(\d+(?:\.\d+)?)"/.exec(drawn)?.[1]);
  const plain = tidy(drawn, figure);
  return { figure, width, plain, adaptive: plain.replace(/^<svg[^>]*>/, (start) => `${start}<style>${darkRules}</style>`) };
}

function tidy(svg: string, figure: Figure): string {
  const { data } = optimize(svg, {
    plugins: [
      describe(figure.title),
      "removeHiddenElems",
      "removeEmptyContainers",
      "collapseGroups",
      { name: "cleanupNumericValues", params: { floatPrecision: 2 } },
      { name: "convertPathData", params: { floatPrecision: 2 } },
      { name: "prefixIds", params: { prefix: figure.name.replaceAll(".", "-"), delim: "-" } },
    ],
    js2svg: { pretty: false },
  });
  return `${data}\n`;
}

/** Vega's descriptions become tooltips, its roles one image with a name. */
function describe(title: string): CustomPlugin {
  return {
    name: "describe",
    fn: () => ({
      element: {
        enter(node, parent) {
          const { attributes } = node;
          const label = attributes["aria-label"];
          const isMark = attributes["role"] === "graphics-symbol";
          for (const name of ["role", "aria-label", "aria-roledescription", "aria-hidden", "class", "pointer-events"]) delete attributes[name];
          if (isMark && label !== undefined && attributes["fill"] !== "none") node.children.unshift(element("title", label));
          if (parent.type !== "root") return;
          attributes["role"] = "img";
          attributes["aria-label"] = title;
        },
      },
    }),
  };
}

function element(name: string, text: string): { type: "element"; name: string; attributes: Record<string, string>; children: { type: "text"; value: string }[] } {
  return { type: "element", name, attributes: {}, children: [{ type: "text", value: text }] };
}
