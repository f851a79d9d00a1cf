import { isPlain } from "../plainCell.ts";
import type { NamedTable } from "../../study/tables.ts";
import type { FigureCell, FigureData } from "./data.ts";

type Decode = "exact" | "published";

/** Upstream's coding of a base type, counted by the library. */
export function simple({ cells }: FigureData, type: "Q4_0" | "Q8_0", decode: Decode = "exact"): FigureCell | undefined {
  return cells.find(({ cell }) => cell.type === type && cell.mode === "simple" && cell.decode === decode && isPlain(cell));
}

/** The thesis's centred Q4_0 with a radius (section 3.3), decoded exactly. */
export function centred({ cells }: FigureData, radius: number): FigureCell | undefined {
  return cells.find(({ cell }) => cell.type === "Q4_0" && cell.mode === "own" && cell.radius === radius && !cell.table && cell.decode === "exact" && isPlain(cell));
}

/** The thesis's Q8_0 through one of its tables (chapter 4): by bins, with upstream's scale. */
export function tabled({ cells }: FigureData, kind: NamedTable["kind"], decode: Decode = "exact"): FigureCell | undefined {
  return cells.find(
    ({ cell }) =>
      cell.type === "Q8_0" && cell.table?.kind === kind && cell.container === "native" && cell.encode === "bins" && cell.scale === "absmax" && cell.decode === decode && isPlain(cell),
  );
}

/** Every radius that was measured with exact decoding, ascending. */
export function radii(data: FigureData): { radius: number; cell: FigureCell }[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].flatMap((radius) => {
    const cell = centred(data, radius);
    return cell ? [{ radius, cell }] : [];
  });
}
