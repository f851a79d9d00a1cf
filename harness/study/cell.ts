import path from "node:path";
import { combinationFaults } from "./combination.ts";
import { normalizeDecode } from "./decode.ts";
import { fillName, type GridPoint } from "./grid.ts";
import { type Fault, type Positioned, parsePositioned, throwFaults } from "./position.ts";
import { cellFields, typesField } from "./schema.ts";
import { builtInTables, customTable, tableFaults } from "./tables.ts";
import { type BaseType, type Cell, type FileType, type FitRequest, type Table, baseTypes, defaultMethod } from "./types.ts";

const defaults: Record<string, unknown> = { pure: true, container: "native", encode: "bins", scale: "absmax", decode: "exact", imatrix: false };

/** What a cell is read against. */
export interface CellContext {
  source: Positioned;
  /** Path of the cell's entry in the study. */
  base: readonly (string | number)[];
  pure: boolean;
  /** Content of a file named in the study; throws UserError when it cannot be read. */
  readFile(name: string): string;
}

/**
 * One point of the grid as a cell.
 *
 * @returns the cell, or every fault found in it
 * @throws UserError when a table's own file is at fault
 */
export function readCell(point: GridPoint, context: CellContext): { cell: Cell } | { faults: Fault[] } {
  const { values } = point;
  const at = (field: string, ...more: (string | number)[]): (string | number)[] => [
    ...context.base, ...(point.paths.get(field) ?? []), ...more,
  ];
  const faults = fieldFaults(values).map(({ path: [field, ...more], message }) => ({ path: at(String(field), ...more), message }));
  if (faults.length > 0) return { faults };

  const asFit = values["table"] as { fit?: Partial<FitRequest> } | string | undefined;
  const fit = typeof asFit === "object" && asFit.fit ? fitRequest(asFit.fit, values) : undefined;
  const table = values["table"] === undefined || fit ? undefined : readTable(values["table"], at("table"), context);
  const type = values["type"] as FileType;
  const given = new Set(Object.keys(values));
  const own = given.has("radius") || given.has("table");
  const asked = (values["types"] as BaseType[] | undefined) ?? [type];
  const cell: Cell = {
    name: "",
    type,
    mode: own ? "own" : type === "Q4_0" || type === "Q8_0" ? "simple" : "upstream",
    pure: (values["pure"] as boolean | undefined) ?? context.pure,
    container: (values["container"] as Cell["container"] | undefined) ?? "native",
    encode: (values["encode"] as Cell["encode"] | undefined) ?? "bins",
    scale: (values["scale"] as Cell["scale"] | undefined) ?? "absmax",
    decode: normalizeDecode((values["decode"] as string | undefined) ?? "exact"),
    types: baseTypes.filter((base) => asked.includes(base)),
    ...(given.has("radius") ? { radius: values["radius"] as number } : {}),
    ...(table ? { table } : {}),
    ...(fit ? { fit } : {}),
    imatrix: (values["imatrix"] as boolean | undefined) ?? false,
  };
  const impossible = combinationFaults(cell, given).map(({ field, message }) => ({ path: at(field), message }));
  if (impossible.length > 0) return { faults: impossible };
  cell.name = fillName(values["name"] as string, (field) => {
    if (field === "imatrix") return { text: "imatrix", isDefault: values["imatrix"] !== true };
    const shown = field === "table" ? (table?.name ?? fit?.per) : field === "decode" ? cell.decode : values[field];
    return { text: String(shown ?? defaults[field] ?? ""), isDefault: shown === undefined || shown === defaults[field] };
  });
  return { cell };
}

function fieldFaults(values: Record<string, unknown>): Fault[] {
  return Object.entries({ ...cellFields, types: typesField }).flatMap(([field, schema]): Fault[] => {
    const value = values[field];
    if (value === undefined) return field === "type" ? [{ path: [], message: `type is missing; allowed: ${schema.description}` }] : [];
    if (field === "table" && typeof value === "object" && value !== null && !("fit" in value)) {
      return tableFaults(value).map((fault) => ({ path: [field, ...fault.path], message: `table: ${fault.message}` }));
    }
    if (schema.safeParse(value).success) return [];
    return [{ path: [field], message: `${field}: ${JSON.stringify(value)} is not allowed; allowed: ${schema.description}` }];
  });
}

/** What a study leaves out of a fit follows from how the cell uses the table. */
function fitRequest(asked: Partial<FitRequest>, values: Record<string, unknown>): FitRequest {
  const scale = (values["scale"] as FitRequest["scale"] | undefined) ?? "absmax";
  return {
    method: asked.method ?? defaultMethod(scale),
    per: asked.per ?? "model",
    weights: asked.weights ?? (values["imatrix"] === true ? "imatrix" : "squared"),
    scale,
  };
}

function readTable(value: unknown, base: readonly (string | number)[], context: CellContext): Table {
  if (typeof value !== "string") return customTable("custom", value as Table);
  const known = builtInTables.find((table) => table.name === value);
  if (known) return known;
  let text: string;
  try {
    text = context.readFile(value);
  } catch (error) {
    throwFaults(context.source, [{ path: base, message: `table: ${(error as Error).message}; allowed: ${cellFields.table.description}` }]);
  }
  const source = parsePositioned(text, value);
  const faults = tableFaults(source.value);
  if (faults.length > 0) throwFaults(source, faults);
  return customTable(path.basename(value).replace(/\.(ya?ml|json)$/, ""), source.value as Table);
}
