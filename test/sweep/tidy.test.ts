import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { expect, it, vi } from "vitest";
import { thisOwner } from "../../harness/process/owner.ts";
import { resultsStore } from "../../harness/store/store.ts";
import { tidyResults } from "../../harness/sweep/tidy.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("claims that a killed process left, of what it had stored just before, go; those of the living and of parts stay", async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  const results = path.join(await temporaryFolder(), "out");
  const claims = path.join(resultsStore(results), "claims");
  const { stdout: dead } = await execa(process.execPath, ["-p", "process.pid"]);
  const claim = async (name: string, owner: ReturnType<typeof thisOwner>): Promise<void> => {
    await mkdir(path.join(claims, name), { recursive: true });
    await writeFile(path.join(claims, name, "new.json"), JSON.stringify(owner));
  };
  const [left, living, part] = ["a".repeat(64), "b".repeat(64), `${"c".repeat(64)}-from-4`];
  await claim(left, { ...thisOwner(), process: Number(dead) });
  await claim(living, thisOwner());
  await claim(part, { ...thisOwner(), process: Number(dead) });
  await tidyResults(results, []);
  expect((await readdir(claims)).sort()).toEqual([living, part]);
});
