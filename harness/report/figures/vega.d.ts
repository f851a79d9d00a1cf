import type { TextItem } from "./textWidth.ts";

declare module "vega" {
  /** How vega measures text (vega-scenegraph, src/util/text.js); vega's own types leave it out. */
  export const textMetrics: { width(item: TextItem, line?: unknown): number };
}
