import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "../errors.ts";
import { projectRoot } from "../paths.ts";
import { parseStudy } from "./parse.ts";
import type { FileFields } from "./schema.ts";
import type { Study } from "./types.ts";

/**
 * A study's path: as given, or by its name in studies/.
 *
 * @throws UserError that lists the names when it is neither
 */
export function findStudy(study: string): string {
  if (existsSync(study)) return study;
  const folder = path.join(projectRoot, "studies");
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(".yaml") ? [path.basename(file, ".yaml")] : [])).sort();
  if (names.includes(study)) return path.join(folder, `${study}.yaml`);
  throw new UserError(`study ${study}: there is no such file, and no study by that name in studies/, which has: ${names.join(", ")}`);
}

/**
 * Read a study file.
 *
 * @param file path of a YAML or JSON file (studies/study.schema.json)
 * @param files fields by which it may name files for steps of their own
 * @throws UserError with line, column and what is allowed for every fault in it
 */
export function loadStudy(file: string, files: FileFields = {}): Study {
  return parseStudy(readText(file, file), file, (name) => readText(path.resolve(path.dirname(file), name), name), files);
}

/** A text in UTF-8. @throws UserError that calls it `name` when it cannot be read */
export function readText(file: string, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new UserError(`${name}: ${reason}`);
  }
}
