import picomatch from "picomatch";
import { UserError } from "./errors.ts";

/**
 * Cells whose name matches a pattern.
 *
 * @param pattern names separated by commas, in which `*` is any text, `?` any character and `[a-c]` one of some;
 *   all cells when absent
 * @throws UserError that lists the names when a part of the pattern matches none
 */
export function selectCells<Cell extends { name: string }>(cells: readonly Cell[], pattern: string | undefined): Cell[] {
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
  const starry = parts.find((part) => part.split("*").length > mostStars + 1);
  if (starry) throw new UserError(`--only ${starry} has more than ${mostStars} stars; leave some out, and give several patterns with commas between`);
  const matchers = parts.map((part) => ({ part, matches: picomatch(part, asNames) }));
  const unmatched = matchers.find(({ matches }) => !items.some(({ name }) => matches(name)));
  if (unmatched || parts.length === 0) {
    throw new UserError(`--only ${unmatched?.part ?? pattern} matches no ${complaint}: ${items.map(({ name }) => name).join(", ")}`);
  }
  return items.filter(({ name }) => matchers.some(({ matches }) => matches(name)));
}

/** With more, trying whether a name matches could take for ever. */
const mostStars = 4;

// Names are no paths: no slash and no dot is special (which is what bash and dot say), nor what only shells know.
const asNames: picomatch.PicomatchOptions = { bash: true, dot: true, nobrace: true, noextglob: true, nonegate: true };
