import type { Cell } from "./types.ts";
import { feedbackTypes } from "./tensorRules.ts";
import { floatTypes } from "./types.ts";

/** A combination that no coding has: the field to look at, and what is allowed. */
export interface CombinationFault {
  field: string;
  message: string;
}

/**
 * What a cell's fields, each good for itself, say together that cannot be.
 *
 * @param cell the cell
 * @param given names of the fields that the study wrote for it
 */
export function combinationFaults(cell: Cell, given: ReadonlySet<string>): CombinationFault[] {
  const faults: CombinationFault[] = [];
  const fault = (field: string, message: string): void => void faults.push({ field, message });
  const { type, radius, types } = cell;
  const table = cell.table ?? cell.fit;
  const packed = cell.container === "packed";
  const base = type === "Q4_0" || type === "Q8_0";
  const ownFields = ["radius", "table", "container", "encode", "scale", "types"].filter((field) => given.has(field));

  if (cell.feedback) faults.push(...feedbackFaults(cell));
  if (cell.tensors && floatTypes.includes(type)) fault("tensors", `tensors has no meaning for type ${type}: nothing is quantized`);
  for (const rule of cell.tensors ?? []) {
    if (rule.feedback && !feedbackTypes.includes(rule.type)) fault("tensors", `feedback of ${rule.match} has no meaning for type ${rule.type}; codes are chosen by it for ${feedbackTypes.join(", ")}`);
  }
  if (!base && (ownFields.length > 0 || cell.decode !== "exact")) {
    const field = ownFields[0] ?? "decode";
    fault(field, `${field} has no meaning for type ${type}; own schemes code Q4_0 or Q8_0`);
    return faults;
  }
  if (base && !types.includes(type)) fault("types", `types leaves out the cell's own type ${type}; add it`);
  if (packed && type === "Q8_0") fault("container", "container packed holds 4-bit codes in Q4_0 blocks: it goes with type Q4_0, not Q8_0");
  else if (packed && !table) fault("container", "container packed needs a table: basic, balanced, widths and values, or a file");
  else if (packed && radius !== undefined) fault("radius", "radius belongs to centred Q4_0 codes; container packed holds codes of a table: give one or the other");
  else if (radius !== undefined && table && types.length < 2) {
    fault("radius", "radius belongs to Q4_0 and table to Q8_0: give one of them, or types: [Q4_0, Q8_0]");
  } else if (radius !== undefined && !types.includes("Q4_0")) fault("radius", "radius belongs to Q4_0; with type Q8_0 give a table");
  else if (table && !packed && !types.includes("Q8_0")) fault("table", "a table belongs to Q8_0; with type Q4_0 give a radius, or container: packed");

  for (const field of ["encode", "scale"] as const) {
    if (given.has(field) && !table) fault(field, `${field} says how a table codes: it needs one`);
  }
  if (given.has("types") && radius === undefined && !table) fault("types", "types says what own mode reaches: it needs a radius or a table");
  if (packed && cell.decode !== "exact") fault("decode", "container packed is decoded exactly: the thesis's fork had no such container");
  if (cell.mode === "simple" && type === "Q8_0" && cell.decode !== "exact") {
    fault("decode", "decode published is the same as exact for simple Q8_0: leave it out");
  }
  if (table && cell.scale === "search" && cell.encode !== "nearest") fault("scale", "scale: search weighs the nearest decoded values: it needs encode: nearest");
  if (cell.fit?.method === "joint" && cell.scale !== "search") fault("scale", "a joint fit is one of table and scales: it needs scale: search");
  if (cell.imatrix && floatTypes.includes(type)) fault("imatrix", `imatrix has no meaning for type ${type}`);
  if (floatTypes.includes(type) && given.has("pure")) fault("pure", `pure has no meaning for type ${type}`);
  return faults;
}

function feedbackFaults({ type, pure, feedback, tensors, imatrix, decode, table, fit, encode, scale }: Cell): CombinationFault[] {
  const fault = (message: string): CombinationFault[] => [{ field: "feedback", message }];
  if (pure && !feedback?.onlyByRule && !feedbackTypes.includes(type)) return fault(`feedback has no meaning for type ${type}; codes are chosen by it for ${feedbackTypes.join(", ")}`);
  if (imatrix && pure && !tensors && !feedback?.onlyByRule) return fault("feedback goes by the whole matrix of second moments, of which an importance matrix is the diagonal: give both only where tensors have other types");
  if (decode !== "exact") return fault("feedback needs decode: exact, as errors are those of decoded weights");
  if ((table || fit) && (encode !== "nearest" || scale !== "search")) return fault("feedback searches scales and the nearest values: a table needs encode: nearest and scale: search");
  return [];
}
