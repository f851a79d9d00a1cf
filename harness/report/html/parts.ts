import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the page's templates. */
export const templateFolder = path.dirname(fileURLToPath(import.meta.url));

const names = ["page.eta", "table.eta", "tokens.eta", "page.css", "sort.js", "choose.js"] as const;

/** What the page is put together from, by name. */
export function pageParts(): Record<(typeof names)[number], string> {
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(templateFolder, name), "utf8")])) as Record<(typeof names)[number], string>;
}
