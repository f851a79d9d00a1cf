import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** Around all tests: what they and their programs leave among the temporary files goes with the run. */
export default async function temporaryFiles(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), "quantflex-tests-"));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  return async () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    await rm(folder, { recursive: true, force: true });
  };
}
