import { stepsOfCell } from "../steps/registry.ts";
import type { Column, Shown, Value } from "../steps/step.ts";
import type { Cell } from "../study/types.ts";
import { type CellResult, measured, type Measured, type Results } from "./load.ts";

/** A column about a cell: what it says, and its value for a cell, measured or failed. */
export interface CellColumn extends Omit<Column<never>, "value"> {
  /** The step that finds it; null for what the study asked. */
  step: string | null;
  /**
   * @param original the cell of floating-point weights that others are compared with; null without one
   * @returns the value as it is, not rounded to the column's decimals
   */
  of(result: CellResult, original: Measured | null): Value;
}

/** A cell's scheme in words: `upstream`, `simple`, `own r2`, `own balanced`, or both for two base types. */
export function schemeName({ mode, radius, table }: Cell): string {
  if (mode !== "own") return mode;
  return ["own", ...(radius === undefined ? [] : [`r${radius}`]), ...(table ? [table.name] : [])].join(" ");
}

function asked(name: string, says: string, of: CellColumn["of"], shown?: Shown): CellColumn {
  return { name, step: null, unit: "", decimals: null, better: null, says, of, ...(shown && { shown }) };
}

/** What a cell that ended well has in the column `status`. */
export const statusOk = "ok";

/** What the study asked of a cell, and whether it ended well. */
const askedColumns: readonly CellColumn[] = [
  asked("cell", "name of the cell", ({ cell }) => cell.name, { heading: "cell", terminal: "words", page: "words" }),
  asked("type", "type of llama-quantize", ({ cell }) => cell.type),
  asked("scheme", "upstream, simple (upstream's codes, counted), own, or ready (made elsewhere)", ({ cell }) => schemeName(cell), {
    heading: "scheme", page: "words",
    as: (scheme, { type, decode }) => [`${type} ${scheme}`, ...(decode === "exact" ? [] : [decode])].join(", "),
  }),
  asked("decode", "exact, or with the defects of the thesis's fork", ({ cell }) => cell.decode),
  asked("container", "where own codes of 4 bits lie: native (8 bits) or packed", ({ cell }) => cell.container),
  asked("imatrix", "whether it was quantized with an importance matrix; empty of a ready-made file, of which that is not known", ({ cell }) => (cell.mode === "ready" ? "" : String(cell.imatrix))),
  asked("status", "ok, or why it failed", ({ failure }) => (failure === null ? statusOk : `failed: ${failure}`), { heading: "status", terminal: "words", page: "words" }),
];

/** The same, of what studies could not ask at first. */
const laterAskedColumns: readonly CellColumn[] = [
  asked("feedback", "whether its codes were chosen by error feedback: of all tensors, or of some", ({ cell: { feedback } }) => (feedback ? (feedback.onlyByRule ? "some" : "all") : "")),
  asked("calibration", "the text that importance matrix or second moments are of, and at most how many chunks of it", ({ cell: { calibration } }) => (calibration ? [calibration.text, ...(calibration.chunks === undefined ? [] : [`${calibration.chunks} chunks`])].join(", ") : "")),
];

/** Names in the order that cells.csv has had from the first; what has been added since follows. */
const established = [
  "cell", "type", "scheme", "decode", "container", "file_bytes", "bpw_file", "bpw_quantized", "ppl", "ppl_error", "nll",
  "chunks", "quantize_s", "perplexity_s", "tokens_per_s", "imatrix", "kld", "kld_error", "kld_median", "kld_90", "kld_99", "kld_999",
  "kld_max", "same_top_percent", "delta_p_rms_percent", "ln_ppl_ratio", "ln_ppl_ratio_low", "ln_ppl_ratio_high", "weight_error", "entropy", "status",
];

/** Names in the order that people see them in on terminal and page. */
const firstForPeople = ["cell", "bpw_quantized", "fallback_percent", "bpw_file", "ppl", "kld", "same_top_percent", "entropy", "weight_error", "tokens_per_s"];
const lastForPeople = ["scheme", "status"];

/** Every column there is of a cell, in the order of cells.csv: what was asked, and what the steps found. */
export const cellColumns: readonly CellColumn[] = inOrder(established, [], [
  ...askedColumns,
  ...stepsOfCell.flatMap((step) => step.columns.map((column): CellColumn => ({
    ...column,
    step: step.name,
    of: ({ cell, record }, original) => {
      const resultOf = (one: Measured["record"] | null): object | null => one?.steps.get(step.name)?.result ?? null;
      const result = resultOf(record);
      return result && column.value(result, resultOf(original?.record ?? null), cell);
    },
  }))),
  ...laterAskedColumns,
]);

const byName = new Map(cellColumns.map((column) => [column.name, column]));

/** A column that people see. */
export type ShownColumn = CellColumn & { shown: Shown };

/** The columns that people see, in their order. */
export const shownColumns: readonly ShownColumn[] = inOrder(firstForPeople, lastForPeople, cellColumns.filter((column): column is ShownColumn => column.shown !== undefined));

/** The columns of cells.csv: those that it has had from the first, and those of steps that a cell has had. */
export function csvColumns(results: Results): CellColumn[] {
  const steps = new Set(measured(results).flatMap(({ record }) => [...record.steps.keys()]));
  return cellColumns.filter(({ name, step }) => established.includes(name) || step === null || steps.has(step));
}

function inOrder<Named extends { name: string }>(first: readonly string[], last: readonly string[], columns: readonly Named[]): Named[] {
  const place = ({ name }: Named): number => {
    const [early, late] = [first.indexOf(name), last.indexOf(name)];
    return early >= 0 ? early : first.length + 1 + late;
  };
  return [...columns].sort((left, right) => place(left) - place(right));
}

/** The column by that name. @throws RangeError when no step has it */
export function cellColumn(name: string): CellColumn {
  const column = byName.get(name);
  if (!column) throw new RangeError(`no step has a column ${name}`);
  return column;
}

/** A column's value for CSV: rounded to its decimals. */
export function csvValue({ of, decimals }: CellColumn, result: CellResult, original: Measured | null): Value {
  const value = of(result, original);
  return typeof value === "number" && decimals !== null ? Number(value.toFixed(decimals)) : value;
}

/** A column's value as people see it; where it has none, that of the column which stands in for it. */
export function shownValue(column: CellColumn, result: CellResult, original: Measured | null): Value {
  const { shown } = column;
  const value = csvValue(column, result, original) ?? (shown?.otherwise ? csvValue(cellColumn(shown.otherwise), result, original) : null);
  return value !== null && shown?.as ? shown.as(value, result.cell) : value;
}

/** The same as a number, of a column that does not look at the original; null for none. */
export function shownNumber(name: string, result: CellResult): number | null {
  const value = shownValue(cellColumn(name), result, null);
  return typeof value === "number" ? value : null;
}
