import { UserError } from "../errors.ts";
import type { Cell } from "../study/types.ts";

/**
 * Cells whose name matches a pattern.
 *
 * @param pattern names separated by commas, in which `*` is any text and `?` any character; all cells when absent
 * @throws UserError that lists the names when a part of the pattern matches none
 */
export function selectCells(cells: readonly Cell[], pattern: string | undefined): Cell[] {
  return selectByName(cells, pattern, "cell; the study has");
}

/**
 * As {@link selectCells}, for anything with a name.
 *
 * @param complaint what a part of the pattern did not match, before the list of names: "cell; the study has"
 */
export function selectByName<T extends { name: string }>(items: readonly T[], pattern: string | undefined, complaint: string): T[] {
  if (pattern === undefined) return [...items];
  const parts = pattern.split(",").map((part) => part.trim()).filter(Boolean);
  const expressions = parts.map((part) => ({ part, expression: globExpression(part) }));
  const unmatched = expressions.find(({ expression }) => !items.some(({ name }) => expression.test(name)));
  if (unmatched || parts.length === 0) {
    throw new UserError(`--only ${unmatched?.part ?? pattern} matches no ${complaint}: ${items.map(({ name }) => name).join(", ")}`);
  }
  return items.filter(({ name }) => expressions.some(({ expression }) => expression.test(name)));
}

function globExpression(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
}
