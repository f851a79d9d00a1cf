import { LineCounter, parseDocument, type Document, isMap, isNode, isScalar } from "yaml";
import { UserError } from "../errors.ts";

/** One thing that is wrong in a file, at a place in its data. */
export interface Fault {
  path: readonly (string | number)[];
  message: string;
  /** The key is at fault, not its value. */
  atKey?: boolean;
}

/** A YAML or JSON file that knows where each of its values stands. */
export interface Positioned {
  file: string;
  value: unknown;
  /** `file:line:column` of the value at `path` (or of its key), or of the nearest one around it that is there. */
  place(path: readonly (string | number)[], atKey?: boolean): string;
}

/**
 * Read YAML (and so JSON) that remembers positions.
 *
 * @param text the file's content
 * @param file its name, for messages
 * @throws UserError with line and column when it is not YAML
 */
export function parsePositioned(text: string, file: string): Positioned {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = counter.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const [problem] = document.errors;
  if (problem) throw new UserError(`${at(problem.pos[0])}: not valid YAML: ${problem.message}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new UserError(`${at(0)}: not valid YAML: ${(error as Error).message}`);
  }
  return { file, value, place: (path, atKey) => at(offsetOf(document, path, atKey ?? false)) };
}

function offsetOf(document: Document, path: readonly (string | number)[], atKey: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true) ?? document.contents;
    const last = path[length - 1];
    const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === last) : undefined;
    const node = document.getIn(path.slice(0, length), true);
    // A missing value has no place of its own.
    const hasValue = isNode(node) && node.range && !(isScalar(node) && node.value === null);
    if (hasValue && !(atKey && pair)) return node.range![0];
    if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0];
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0;
}

/**
 * @param source where the faults are
 * @param faults at least one
 * @throws UserError always: one line for each fault
 */
export function throwFaults(source: Positioned, faults: readonly Fault[]): never {
  const lines = faults.map(({ path, message, atKey }) => `${source.place(path, atKey)}: ${message}`);
  throw new UserError([...new Set(lines)].join("\n"));
}
