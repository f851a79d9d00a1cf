import { stepsOfCell } from "../steps/registry.ts";
import type { Column } from "../steps/step.ts";
import type { Cell } from "../study/types.ts";
import type { CellResult, Measured } from "./load.ts";

/** A column of cells.csv: what it says, and its value for a cell, measured or failed. */
export interface CellColumn extends Omit<Column<never>, "value"> {
  of(result: CellResult, original: Measured | null): string | number | null;
}

/** A cell's scheme in words: `upstream`, `simple`, `own r2`, `own balanced`, or both for two base types. */
export function schemeName({ mode, radius, table }: Cell): string {
  if (mode !== "own") return mode;
  return ["own", ...(radius === undefined ? [] : [`r${radius}`]), ...(table ? [table.name] : [])].join(" ");
}

function asked(name: string, says: string, of: CellColumn["of"]): CellColumn {
  return { name, unit: "", decimals: null, better: null, says, of };
}

/** What the study asked of a cell, and whether it ended well. */
const askedColumns: readonly CellColumn[] = [
  asked("cell", "name of the cell", ({ cell }) => cell.name),
  asked("type", "type of llama-quantize", ({ cell }) => cell.type),
  asked("scheme", "upstream, simple (upstream's codes, counted) or own", ({ cell }) => schemeName(cell)),
  asked("decode", "exact, or with the defects of the thesis's fork", ({ cell }) => cell.decode),
  asked("container", "where own codes of 4 bits lie: native (8 bits) or packed", ({ cell }) => cell.container),
  asked("imatrix", "whether it was quantized with an importance matrix", ({ cell }) => String(cell.imatrix)),
  asked("status", "ok, or why it failed", ({ failure }) => (failure === null ? "ok" : `failed: ${failure}`)),
];

/** Names in the order that cells.csv has had from the first; what has been added since follows. */
const established = [
  "cell", "type", "scheme", "decode", "container", "file_bytes", "bpw_file", "bpw_quantized", "ppl", "ppl_error", "nll",
  "chunks", "quantize_s", "perplexity_s", "tokens_per_s", "imatrix", "kld", "kld_error", "kld_median", "kld_90", "kld_99", "kld_999",
  "kld_max", "same_top_percent", "delta_p_rms_percent", "ln_ppl_ratio", "ln_ppl_ratio_low", "ln_ppl_ratio_high", "weight_error", "entropy", "status",
];

/** Every column there is of a cell, in the order of cells.csv: what was asked, and what the steps found. */
export const cellColumns: readonly CellColumn[] = [
  ...askedColumns,
  ...stepsOfCell.flatMap((step) => step.columns.map((column): CellColumn => ({
    ...column,
    of: ({ cell, record }, original) => {
      const resultOf = (one: Measured["record"] | null): object | null => one?.steps.get(step.name)?.result ?? null;
      const result = resultOf(record);
      const value = result && column.value(result, resultOf(original?.record ?? null), cell);
      return typeof value === "number" && column.decimals !== null ? Number(value.toFixed(column.decimals)) : value;
    },
  }))),
].sort((left, right) => placeOf(left) - placeOf(right));

function placeOf({ name }: CellColumn): number {
  const place = established.indexOf(name);
  return place < 0 ? established.length : place;
}

/** The column by that name. @throws RangeError when no step has it */
export function cellColumn(name: string): CellColumn {
  const column = cellColumns.find((one) => one.name === name);
  if (!column) throw new RangeError(`no step has a column ${name}`);
  return column;
}
