import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { processName } from "../harness/processes.ts";
import { withScratch } from "../harness/scratch.ts";
import { endedName } from "./support/endedName.ts";
import { temporaryFolder } from "./support/temporary.ts";

it("is there for the task alone, and clears up after processes that were killed", async () => {
  const scratch = path.join(await temporaryFolder(), "scratch");
  const [mine, dead] = [processName(), await endedName()];
  const others = [`bench-${mine}-abc`, `try-${dead}-abc`, "bench-another-7-abc", "else"].sort();
  for (const name of [`bench-${dead}-abc`, ...others]) await mkdir(path.join(scratch, name), { recursive: true });

  const task = async (folder: string): Promise<never> => {
    await writeFile(path.join(folder, "model.gguf"), "x");
    expect((await readdir(scratch)).sort()).toEqual([path.basename(folder), ...others].sort());
    throw new Error("no");
  };
  await expect(withScratch(scratch, "bench", task)).rejects.toThrow("no");
  expect((await readdir(scratch)).sort()).toEqual(others);
});
