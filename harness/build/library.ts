import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import type { Project } from "../upstream/project.ts";
import { mirrorFolder } from "./mirror.ts";

/** What builds know a state of the library by. */
export interface LibraryHashes {
  /** sha256 of the library's sources; "none" for the upstream variant. */
  libraryHash: string;
  /** sha256 of its tests, if one of them is built: nothing else depends on them. */
  testHash?: string;
}

/**
 * sha256 over names and contents of the files of the C library, apart for its tests.
 *
 * @throws {UserError} no such folder
 */
export async function hashLibrary(project: Project, targets: readonly string[]): Promise<LibraryHashes> {
  const folder = libraryFolder(project);
  if (!existsSync(folder)) throw new UserError(`${folder} does not exist: the patched variant needs the library's sources.`);
  return hashFolder(folder, targets);
}

/**
 * Copies the library to where a workspace compiles it, always at the same path, whichever checkout it is from;
 * files that are there already are not touched.
 *
 * @param expected hashes of what is to be compiled
 * @returns the folder
 * @throws {UserError} the library was changed since `expected` was computed
 */
export async function copyLibrary(project: Project, workspace: string, targets: readonly string[], expected: LibraryHashes): Promise<string> {
  const copy = path.join(workspace, "library");
  await mirrorFolder(libraryFolder(project), copy);
  const { libraryHash, testHash } = await hashFolder(copy, targets);
  if (libraryHash === expected.libraryHash && testHash === expected.testHash) return copy;
  throw new UserError(`${libraryFolder(project)} was changed while it was read. Run the same again.`);
}

function libraryFolder(project: Project): string {
  return path.join(project.root, "patches", "pablo");
}

async function hashFolder(folder: string, targets: readonly string[]): Promise<LibraryHashes> {
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
