import { type Document, isMap, isNode, isScalar, LineCounter, visit } from "yaml";
import { UserError } from "../errors.ts";
import { readYaml, YamlFault } from "./boundedYaml.ts";

/** Faults that are said at once, and characters of one: a value may be as long as the file. */
const mostFaults = 50;
const longestMessage = 1000;

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
  const at = (offset: number): string => {
    const { line, col } = counter.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  try {
    const { document, value } = readYaml(text, counter);
    refuseTwice(document);
    return { file, value, place: (path, atKey) => at(offsetOf(document, path, atKey ?? false)) };
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(`${at(error instanceof YamlFault ? error.offset : 0)}: not valid YAML: ${message.slice(0, longestMessage)}`);
  }
}

/** @throws YamlFault where a map has a key twice */
function refuseTwice(document: Document): void {
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) throw new YamlFault("Map keys must be unique", key.range?.[0] ?? 0);
        seen.add(key.value);
      }
    },
  });
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
  const lines = faults.slice(0, mostFaults).map(({ path, message, atKey }) => `${source.place(path, atKey)}: ${message.slice(0, longestMessage)}`);
  const more = faults.length > mostFaults ? [`… and ${faults.length - mostFaults} more`] : [];
  throw new UserError([...new Set(lines), ...more].join("\n"));
}
