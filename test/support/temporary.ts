import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, onTestFinished } from "vitest";

const make = (): Promise<string> => mkdtemp(path.join(os.tmpdir(), "quantflex-test-"));
const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** A folder that is removed when the test has finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await make();
  onTestFinished(() => remove(folder));
  return folder;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map(remove)));

/** A folder that is removed after the test file: for `beforeAll`, and for caches that are still written to when a test has finished. */
export async function fileTemporaryFolder(): Promise<string> {
  const folder = await make();
  folders.push(folder);
  return folder;
}
