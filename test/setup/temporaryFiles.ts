import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const prefix = "quantflex-tests-";

/** Around all tests: what they and their programs leave among the temporary files goes with the run. Projects share the first one's folder: paths of sockets may have no more than 107 bytes. */
export default async function temporaryFiles(): Promise<() => Promise<void>> {
  if (path.basename(tmpdir()).startsWith(prefix)) return async () => undefined;
  const folder = await mkdtemp(path.join(tmpdir(), prefix));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  return async () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    await rm(folder, { recursive: true, force: true });
  };
}
