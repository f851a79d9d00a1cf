import path from "node:path";

/** A file as messages name it: from the working directory when it is below, else by its whole path. */
export function shownPath(file: string): string {
  const relative = path.relative("", file);
  return relative.startsWith("..") ? path.resolve(file) : relative;
}
