import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** Full path of the first of `names` that is a program on the PATH, or itself a path to one. */
export function which(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter(Boolean);
  for (const name of names) {
    const candidates = name.includes(path.sep) ? [path.resolve(name)] : folders.map((folder) => path.join(folder, name));
    const found = candidates.find(isProgram);
    if (found) return found;
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
