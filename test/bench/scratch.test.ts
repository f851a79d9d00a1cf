import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { withScratch } from "../../harness/bench/scratch.ts";
import { run } from "../../harness/process/run.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("is there for the task alone, and clears up after processes that were killed", async () => {
  const cache = await temporaryFolder();
  const scratch = path.join(cache, "scratch");
  const { stdout: dead } = await run(process.execPath, ["-e", "process.stdout.write(String(process.pid))"]);
  const [left, alive, other] = [`bench-${dead}-abc`, `bench-${process.ppid}-abc`, "else"];
  for (const name of [left, alive, other]) await mkdir(path.join(scratch, name), { recursive: true });

  const task = async (folder: string): Promise<never> => {
    await writeFile(path.join(folder, "model.gguf"), "x");
    expect((await readdir(scratch)).sort()).toEqual([path.basename(folder), alive, other].sort());
    throw new Error("no");
  };
  await expect(withScratch(cache, task)).rejects.toThrow("no");
  expect((await readdir(scratch)).sort()).toEqual([alive, other].sort());
});
