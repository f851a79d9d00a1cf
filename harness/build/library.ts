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

/** What builds know a state of the library by. */
export interface LibraryHashes {
  /** sha256 of the library's sources; "none" for the upstream variant. */
  libraryHash: string;
  /** sha256 of its tests, if one of them is built: nothing else depends on them. */
  testHash?: string;
}

/**
 * sha256 over names and contents of the library's files, apart for its tests.
 *
 * @throws {UserError} no such folder
 */
export async function hashLibrary(project: Project, targets: readonly string[]): Promise<LibraryHashes> {
  const folder = libraryFolder(project);
  if (!existsSync(folder)) throw new UserError(`${folder} does not exist: the patched variant needs the library's sources.`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
  const isTest = (file: string): boolean => file.startsWith("test/");
  const libraryHash = await hashFiles(folder, files.filter((file) => !isTest(file)));
  if (!targets.some((target) => target.startsWith("pablo-test-"))) return { libraryHash };
  return { libraryHash, testHash: await hashFiles(folder, files.filter(isTest)) };
}

async function hashFiles(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = await readFile(path.join(folder, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}
