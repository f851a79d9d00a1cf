import type { z } from "zod";
import { readCell } from "./cell.ts";
import { type CellEntry, countPoints, expandEntry } from "./grid.ts";
import { type Fault, type Positioned, parsePositioned, throwFaults } from "./position.ts";
import { cellFields, fieldsOfStudy, type FileFields, listFields, longestName, nameField } from "./schema.ts";
import { isMap } from "./tables.ts";
import type { Cell, Study } from "./types.ts";

/** Cells that a study may have: each is run, and has a row in every table. */
const mostCells = 10_000;

const cellKeys = ["name", ...Object.keys(cellFields), ...Object.keys(listFields)];

/**
 * A study from its text.
 *
 * @param text YAML or JSON
 * @param file its name, for messages
 * @param readFile content of a table file that the study names
 * @param files as for {@link loadStudy}
 * @param given as for it
 * @throws UserError with line, column and what is allowed for every fault
 */
export function parseStudy(text: string, file: string, readFile: (name: string) => string, files: FileFields = {}, given: { importance?: boolean } = {}): Study {
  const source = parsePositioned(text, file);
  const fields = fieldsOfStudy(files);
  const studyKeys = ["$schema", ...Object.keys(fields), "cells"];
  const { value } = source;
  if (!isMap(value)) throwFaults(source, [{ path: [], message: `a study is a map; its keys: ${studyKeys.join(", ")}` }]);
  const faults = [...unknownKeys(value, studyKeys, []), ...studyFaults(value, fields)];
  const entries = value["cells"];
  if (!Array.isArray(entries) || entries.length === 0) {
    faults.push({ path: ["cells"], message: "cells must be a list with at least one cell" });
    throwFaults(source, faults);
  }
  if ("imatrix" in value && "calibration" in value) faults.push({ path: ["imatrix"], message: "imatrix is calibration by its older name: give one of them" });
  const count = entries.reduce((sum: number, entry: unknown) => sum + (isMap(entry) ? countPoints(entry) : 1), 0);
  if (count > mostCells) throwFaults(source, [{ path: ["cells"], message: `the lists make ${count.toLocaleString("en")} cells; a study may have ${mostCells.toLocaleString("en")}` }]);
  const pure = value["pure"] !== false;
  const named = entries.flatMap((entry: unknown, index) => readEntry(entry, index, { source, pure, readFile, faults }));
  faults.push(...duplicates(named, source));
  if (faults.length > 0) throwFaults(source, faults);
  const { cells: _cells, $schema: _schema, pure: _pure, imatrix, ...options } = value;
  const ofSteps = Object.fromEntries(Object.keys(files).filter((field) => field in options).map((field) => [field, options[field]]));
  const calibrated = { ...(imatrix !== undefined && { calibration: imatrix }), ...options };
  const study = { context: 512, batch: 2048, ubatch: 512, ...calibrated, files: ofSteps, cells: named.map(({ cell }) => cell) } as unknown as Study;
  for (const { cell, path } of named) {
    if (!needsCalibration(cell, given)) delete cell.calibration;
    else if (!(cell.calibration ??= study.calibration)) {
      throwFaults(source, [{ path, message: `cell ${cell.name} needs a calibration text: give the study calibration: { text: … }` }]);
    }
  }
  const batchFault = checkBatch(study);
  if (batchFault) throwFaults(source, [{ path: [value["batch"] === undefined ? "context" : "batch"], message: batchFault }]);
  return study;
}

/** Whether something of a cell is computed on a calibration text: an importance matrix, or second moments. */
function needsCalibration({ imatrix, fit, feedback }: Cell, { importance = false }: { importance?: boolean }): boolean {
  return (!importance && (imatrix || fit?.weights === "imatrix")) || feedback !== undefined;
}

/**
 * What llama-perplexity asserts of context and batch, as a sentence.
 *
 * @returns null when they fit together
 */
function checkBatch({ context, batch }: Pick<Study, "context" | "batch">): string | null {
  if (batch < context || batch % context === 0) return null;
  return `batch ${batch} does not fit context ${context}; allowed: less than context, or a multiple of it`;
}

interface NamedCell {
  cell: Cell;
  path: (string | number)[];
}

function readEntry(
  entry: unknown,
  index: number,
  { source, pure, readFile, faults }: { source: Positioned; pure: boolean; readFile: (name: string) => string; faults: Fault[] },
): NamedCell[] {
  const base = ["cells", index];
  if (!isMap(entry)) {
    faults.push({ path: base, message: `a cell is a map; its keys: ${cellKeys.join(", ")}` });
    return [];
  }
  const before = faults.length;
  faults.push(...unknownKeys(entry, cellKeys, base));
  const name = entry["name"];
  if (!nameField.safeParse(name).success) {
    const said = name === undefined ? "name is missing" : `name: ${JSON.stringify(name)} is not allowed`;
    faults.push({ path: [...base, "name"], message: `${said}; allowed: ${nameField.description}` });
  } else {
    for (const [, field] of String(name).matchAll(/\{-?([a-z]+)\}/g)) {
      if (!field || field === "name" || !cellKeys.includes(field)) {
        faults.push({ path: [...base, "name"], message: `name: {${field}} is no field of a cell; allowed: ${Object.keys(cellFields).join(", ")}` });
      }
    }
  }
  for (const [field, list] of Object.entries(entry)) {
    if (Array.isArray(list) && list.length === 0) faults.push({ path: [...base, field], message: `${field}: the list is empty` });
  }
  if (faults.length > before) return [];
  return expandEntry(entry).flatMap((point) => {
    const result = readCell(point, { source, base, pure, readFile });
    if ("cell" in result && result.cell.name.length > longestName) {
      faults.push({ path: [...base, "name"], message: `the name ${result.cell.name.slice(0, 40)}… has ${result.cell.name.length} characters; allowed: ${longestName}, since files are called by it` });
      return [];
    }
    if ("cell" in result) return [{ cell: result.cell, path: [...base, "name"] }];
    faults.push(...result.faults);
    return [];
  });
}

function duplicates(named: readonly NamedCell[], source: Positioned): Fault[] {
  const seen = new Map<string, NamedCell>();
  return named.flatMap((one) => {
    // Names become file names, and some file systems do not tell case apart.
    const first = seen.get(one.cell.name.toLowerCase());
    if (!first) {
      seen.set(one.cell.name.toLowerCase(), one);
      return [];
    }
    const where = source.place(first.path).split(":").slice(-2).join(":");
    return [{ path: one.path, message: `duplicate cell ${one.cell.name} (first at ${where}); names differ when they hold the field that differs, as in {radius}` }];
  });
}

function studyFaults(value: CellEntry, fields: Record<string, z.ZodType>): Fault[] {
  return Object.entries(fields).flatMap(([field, schema]): Fault[] => {
    const given = value[field];
    if (given === undefined && field !== "name") return [];
    if (schema.safeParse(given).success) return [];
    const said = given === undefined ? `${field} is missing` : `${field}: ${JSON.stringify(given)} is not allowed`;
    return [{ path: [field], message: `${said}; allowed: ${schema.description}` }];
  });
}

function unknownKeys(value: CellEntry, allowed: readonly string[], base: readonly (string | number)[]): Fault[] {
  return Object.keys(value)
    .filter((key) => !allowed.includes(key))
    .map((key) => ({ path: [...base, key], atKey: true, message: `unknown key ${key}; allowed: ${allowed.filter((one) => one !== "$schema").join(", ")}` }));
}
