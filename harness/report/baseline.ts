import { floatTypes } from "../study/types.ts";
import { measured, type Measured, type Results } from "./load.ts";

/** The cell that others are compared with: the first measured one of floating-point weights; null without one. */
export function baselineOf(results: Results): Measured | null {
  return measured(results).find(({ cell }) => cell.mode !== "ready" && floatTypes.includes(cell.type)) ?? null;
}
