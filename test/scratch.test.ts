import { mkdir, readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { withScratch } from "../harness/scratch.ts";
import { run } from "../harness/process/run.ts";
import { temporaryFolder } from "./support/temporary.ts";

it("is there for the task alone, and clears up after processes that were killed", async () => {
  const scratch = path.join(await temporaryFolder(), "scratch");
  const { stdout: dead } = await run(process.execPath, ["-e", "process.stdout.write(String(process.pid))"]);
  const host = hostname();
  const others = [`bench-${host}-${process.ppid}-abc`, `try-${host}-${dead}-abc`, `bench-x-${host}-${dead}-abc`, `bench-another-${dead}-abc`, "else"].sort();
  for (const name of [`bench-${host}-${dead}-abc`, ...others]) await mkdir(path.join(scratch, name), { recursive: true });

  const task = async (folder: string): Promise<never> => {
    await writeFile(path.join(folder, "model.gguf"), "x");
    expect((await readdir(scratch)).sort()).toEqual([path.basename(folder), ...others].sort());
    throw new Error("no");
  };
  await expect(withScratch(scratch, "bench", task)).rejects.toThrow("no");
  expect((await readdir(scratch)).sort()).toEqual(others);
});
