import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is removed when the test has finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await lastingTemporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A folder that goes with the run (test/setup/temporaryFiles.ts): for `beforeAll`, for what several tests share,
 * and for caches that are still written to when a test has finished.
 */
export async function lastingTemporaryFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), "quantflex-test-"));
}
