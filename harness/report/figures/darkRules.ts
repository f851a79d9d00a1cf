import { colourPairs } from "./theme.ts";

/** Rules that turn a figure dark where the reader's screen is; paper stays light. */
export const darkRules = `@media screen and (prefers-color-scheme:dark){${colourPairs
  .flatMap(({ light, dark }) => ["fill", "stroke"].map((property) => `[${property}="${light}"]{${property}:${dark}}`))
  .join("")}}`;
