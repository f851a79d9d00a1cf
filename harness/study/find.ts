import { readdirSync, readFileSync, statSync } from "node:fs";
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
  // A folder may be called as a study is.
  if (statSync(study, { throwIfNoEntry: false })?.isDirectory() === false) return study;
  const folder = path.join(projectRoot, "studies");
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(".yaml") ? [path.basename(file, ".yaml")] : [])).sort();
  if (names.includes(study)) return path.join(folder, `${study}.yaml`);
  throw new UserError(`study ${study}: there is no such file, and no study by that name in studies/, which has: ${names.join(", ")}`);
}

/** A study as it was asked for. */
export interface StudyFile {
  /** Its path, or how messages name it. */
  path: string;
  /** Where its text lies. */
  source: string;
  /** Folder that paths in it count from. */
  folder: string;
}

/**
 * Read a study file.
 *
 * @param file path of a YAML or JSON file (studies/study.schema.json)
 * @param files fields by which it may name files for steps of their own
 * @param given whether there is an importance matrix, so that no calibration text is needed for one
 * @throws UserError with line, column and what is allowed for every fault in it
 */
export function loadStudy(file: string | StudyFile, files: FileFields = {}, given: { importance?: boolean } = {}): Study {
  const { path: named, source, folder } = typeof file === "string" ? { path: file, source: file, folder: path.dirname(file) } : file;
  return parseStudy(readText(source, named), named, (name) => readText(path.resolve(folder, name), name), files, given);
}

/** Bytes of a study or a table; one of a table for each of a thousand tensors has a quarter of it. */
const mostBytes = 1 << 20;

/** A text in UTF-8. @throws UserError that calls it `name` when it cannot be read */
export function readText(file: string, name: string): string {
  const status = statSync(file, { throwIfNoEntry: false });
  if (status && !status.isFile()) throw new UserError(`${name} is no regular file`);
  if (status && status.size > mostBytes) throw new UserError(`${name} has ${status.size} bytes: too many for a study or a table, which have ${mostBytes} at most`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new UserError(`${name}: ${reason}`);
  }
}
