import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import type { Project } from "../upstream/project.ts";

/** Folder of the C library's sources, which the patched variant compiles from where they are. */
export function libraryFolder(project: Project): string {
  return path.join(project.root, "patches", "pablo");
}

/**
 * sha256 over names and contents of the library's files.
 *
 * @throws {UserError} no such folder
 */
export async function hashLibrary(project: Project): Promise<string> {
  const folder = libraryFolder(project);
  if (!existsSync(folder)) throw new UserError(`${folder} does not exist: the patched variant needs the library's sources.`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  const hash = createHash("sha256");
  for (const file of files) {
    const content = await readFile(path.join(folder, file));
    hash.update(`${file.split(path.sep).join("/")} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}
