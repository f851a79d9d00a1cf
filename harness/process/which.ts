import path from "node:path";
import { which as find } from "zx/core";

/** Full path of the first of `names` that is a program on the PATH, or itself a path to one. */
export function which(...names: string[]): string | undefined {
  const found = names.map((name) => find.sync(name, { nothrow: true })).find(Boolean);
  return found ? path.resolve(found) : undefined;
}
