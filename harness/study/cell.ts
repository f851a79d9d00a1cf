import path from "node:path";
import { combinationFaults } from "./combination.ts";
import { normalizeDecode } from "./decode.ts";
import { fillName, type GridPoint } from "./grid.ts";
import { type Fault, type Positioned, parsePositioned, throwFaults } from "./position.ts";
import { cellFields, listFields } from "./schema.ts";
import { readyMade, readyName } from "./ready.ts";
import { type NamedTable, builtInTables, customTable, isMap, tableFaults } from "./tables.ts";
import { feedbackTypes, type TensorRule, type TensorRuleField } from "./tensorRules.ts";
import { type BaseType, type Cell, type FitRequest, baseTypes, cellSchema, defaultDamping, defaultMethod } from "./types.ts";

const defaults = { pure: true, container: "native", encode: "bins", scale: "absmax", decode: "exact", imatrix: false } as const;

/** What a cell is read against. */
export interface StudyContext {
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
export function readCell(point: GridPoint, context: StudyContext): { cell: Cell } | { faults: Fault[] } {
  const { values } = point;
  const at = (field: string, ...more: (string | number)[]): (string | number)[] => [
    ...context.base, ...(point.paths.get(field) ?? []), ...more,
  ];
  if (values["model"] !== undefined) return readyCell(point, at);
  const faults = fieldFaults(values).map(({ path: [field, ...more], message }) => ({ path: at(String(field), ...more), message }));
  if (faults.length > 0) return { faults };

  const { table: asked, feedback, tensors, ...others } = values;
  const rules = tensorRules(tensors as TensorRuleField[] | undefined, feedback);
  const settled = { ...defaults, pure: context.pure, ...others };
  const fit = isMap(asked) && "fit" in asked ? fitRequest(asked["fit"] as Partial<FitRequest>, settled) : undefined;
  const table = asked === undefined || fit ? undefined : readTable(asked, at("table"), context);
  const type = values["type"];
  const given = new Set(Object.keys(values));
  const reached = (values["types"] ?? [type]) as BaseType[];
  const cell = cellSchema.parse({
    ...settled,
    name: "",
    mode: given.has("radius") || given.has("table") ? "own" : type === "Q4_0" || type === "Q8_0" ? "simple" : "upstream",
    decode: normalizeDecode(settled.decode),
    types: baseTypes.filter((base) => reached.includes(base)),
    ...(table ? { table } : {}),
    ...(fit ? { fit } : {}),
    ...(rules.length > 0 ? { tensors: rules } : {}),
    ...(feedback || rules.some((rule) => rule.feedback) ? { feedback: { damping: defaultDamping, ...(isMap(feedback) && feedback), onlyByRule: !feedback } } : {}),
  });
  const impossible = combinationFaults(cell, given).map(({ field, message }) => ({ path: at(field), message }));
  if (impossible.length > 0) return { faults: impossible };
  cell.name = fillName(values["name"] as string, (field) => {
    if (field === "imatrix") return { text: "imatrix", isDefault: !cell.imatrix };
    if (field === "feedback") return { text: isMap(feedback) ? `feedback-${cell.feedback?.damping}` : "feedback", isDefault: !feedback };
    if (field === "calibration") return { text: calibrationName(cell), isDefault: !cell.calibration };
    const shown = field === "table" ? (table?.name ?? fit?.per) : field === "decode" ? cell.decode : values[field];
    const usual = (defaults as Record<string, unknown>)[field];
    return { text: String(shown ?? usual ?? ""), isDefault: shown === undefined || shown === usual };
  });
  return { cell };
}

/** A ready-made file as a cell: what it holds is known when it is read. */
function readyCell({ values }: GridPoint, at: (field: string) => (string | number)[]): { cell: Cell } | { faults: Fault[] } {
  const { model, name, ...others } = values;
  const [other] = Object.keys(others);
  if (other !== undefined) return { faults: [{ path: at(other), message: `${other} has no meaning beside model: a ready-made file is measured as it is` }] };
  if (!cellFields.model.safeParse(model).success) return { faults: [{ path: at("model"), message: `model: ${JSON.stringify(model)} is not allowed; allowed: ${cellFields.model.description}` }] };
  const file = String(model);
  return { cell: readyMade(fillName(String(name), (field) => ({ text: field === "model" ? readyName(file) : "", isDefault: field !== "model" })), file) };
}

/** Rules that do not say it have the cell's feedback, as far as their type can. */
function tensorRules(rules: TensorRuleField[] = [], feedback: unknown): TensorRule[] {
  return rules.map((rule) => ({ ...rule, feedback: rule.feedback ?? (Boolean(feedback) && feedbackTypes.includes(rule.type)) }));
}

function calibrationName({ calibration }: Cell): string {
  if (!calibration) return "";
  const { text, chunks } = calibration;
  return [path.parse(text).name, ...(chunks === undefined ? [] : [chunks])].join("-");
}

function fieldFaults(values: Record<string, unknown>): Fault[] {
  return Object.entries({ ...cellFields, ...listFields }).flatMap(([field, schema]): Fault[] => {
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
function fitRequest(asked: Partial<FitRequest>, { scale, imatrix }: Pick<Cell, "scale" | "imatrix">): FitRequest {
  return { method: defaultMethod(scale), per: "model", weights: imatrix ? "imatrix" : "squared", ...asked, scale };
}

function readTable(value: unknown, base: readonly (string | number)[], context: StudyContext): NamedTable {
  if (typeof value !== "string") return customTable("custom", value as NamedTable);
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
  return customTable(path.basename(value).replace(/\.(ya?ml|json)$/, ""), source.value as NamedTable);
}
