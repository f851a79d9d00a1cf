import { balancedTable, basicTable } from "../analysis/tables.ts";
import type { Table } from "./types.ts";

/** The two tables that the library has built in, in the order of pablo.conf's TABLE_MODE. */
export const builtInTables: readonly Table[] = [
  { name: "basic", kind: "basic", ...basicTable },
  { name: "balanced", kind: "balanced", ...balancedTable },
];

/** What is wrong with one part of a table, and where: `widths`, `values`, or a position in one of them. */
export interface TableFault {
  path: (string | number)[];
  message: string;
}

/**
 * Check a table as a study gives it.
 *
 * @param value anything read from YAML or JSON
 * @returns every fault found; none means that `widths` and `values` are 16 integers each, that the
 *   widths are at least 1 and sum to 256, and that the values are int8 and rise strictly
 */
export function tableFaults(value: unknown): TableFault[] {
  if (!isMap(value)) return [{ path: [], message: "a table is a map with 16 widths and 16 values" }];
  const { tensors } = value;
  if (tensors === undefined) return numberFaults(value);
  if (!Array.isArray(tensors)) return [{ path: ["tensors"], message: "tensors must be a list of tables, each with its pattern" }];
  const faults = numberFaults(value);
  tensors.forEach((one: unknown, index) => {
    const below = (fault: TableFault): TableFault => ({ ...fault, path: ["tensors", index, ...fault.path] });
    if (!isMap(one)) faults.push(below({ path: [], message: "a tensor's table is a map with a pattern, 16 widths and 16 values" }));
    else if (typeof one["pattern"] !== "string" || !/^[^\s#]+$/.test(one["pattern"])) faults.push(below({ path: ["pattern"], message: "pattern must be a tensor's name, * for any text, without spaces and #" }));
    else faults.push(...numberFaults(one).map(below));
  });
  return faults;
}

/** A table of one's own from what a file holds, of which nothing but the numbers and patterns is kept. */
export function customTable(name: string, { widths, values, tensors = [] }: Pick<Table, "widths" | "values" | "tensors">): Table {
  const own = tensors.map((one) => ({ pattern: one.pattern, widths: one.widths, values: one.values }));
  return { name, kind: "custom", widths, values, ...(own.length > 0 ? { tensors: own } : {}) };
}

/** Whether a value read from YAML or JSON is a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberFaults(table: Record<string, unknown>): TableFault[] {
  const faults = [
    ...listFaults(table["widths"], "widths", 1, 256, "a whole number from 1 to 256"),
    ...listFaults(table["values"], "values", -128, 127, "an int8, a whole number from -128 to 127"),
  ];
  if (faults.length > 0) return faults;
  const widths = table["widths"] as number[];
  const values = table["values"] as number[];
  const sum = widths.reduce((total, width) => total + width, 0);
  if (sum !== 256) faults.push({ path: ["widths"], message: `the widths sum to ${sum}; they must sum to 256, one for each 8-bit code` });
  values.forEach((entry, index) => {
    const before = values[index - 1];
    if (before !== undefined && entry <= before) {
      faults.push({ path: ["values", index], message: `${entry} comes after ${before}; values must rise from each to the next (they are not monotonic)` });
    }
  });
  return faults;
}

function listFaults(list: unknown, name: string, low: number, high: number, allowed: string): TableFault[] {
  if (!Array.isArray(list)) return [{ path: list === undefined ? [] : [name], message: `${name} must be a list of 16 whole numbers` }];
  if (list.length !== 16) return [{ path: [name], message: `${name} has ${list.length} entries; a table has exactly 16` }];
  return list.flatMap((entry, index) => {
    const good = typeof entry === "number" && Number.isInteger(entry) && entry >= low && entry <= high;
    return good ? [] : [{ path: [name, index], message: `${JSON.stringify(entry)} is not allowed; allowed: ${allowed}` }];
  });
}
