import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { importPatches, workshopFolder } from "../../harness/upstream/workshop.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { commitAll, git, makeFixture, withBundle, writeFiles } from "./fixture.ts";

const quiet = (): void => {};

describe("import", () => {
  it.each([
    ["with a file", (folder: string) => writeFiles(folder, { "thesis.tex": "mine" })],
    ["that is a clean clone of something", async (folder: string) => {
      await writeFiles(folder, { "thesis.tex": "mine" });
      git(folder, "init", "--quiet");
      commitAll(folder, "mine");
    }],
    ["that is a file", (folder: string) => writeFile(folder, "mine")],
  ])("does not touch a folder %s", async (_, make) => {
    const { project, release } = await withBundle(await makeFixture());
    const folder = path.join(await temporaryFolder(), "mine");
    await make(folder);
    await expect(importPatches(project, release, folder, quiet)).rejects.toThrow(`${folder} holds something else than a work tree`);
    const file = path.join(folder, "thesis.tex");
    expect(await readFile(existsSync(file) ? file : folder, "utf8")).toBe("mine");
  });

  it("goes to an empty folder, and not over a work tree that git cannot read", async () => {
    const { project, release } = await withBundle(await makeFixture());
    const folder = await importPatches(project, release, await temporaryFolder(), quiet);
    await writeFile(path.join(git(folder, "rev-parse", "--absolute-git-dir"), "index"), "damaged, but long enough to be read");
    await expect(importPatches(project, release, folder, quiet)).rejects.toThrow(/changes that were not exported/);
  });

  it("does not overwrite work that was not exported", async () => {
    const { project, release } = await withBundle(await makeFixture());
    const folder = await importPatches(project, release, workshopFolder(project, release), quiet);
    await importPatches(project, release, folder, quiet);
    await writeFiles(folder, { "more.c": "" });
    await expect(importPatches(project, release, folder, quiet)).rejects.toThrow(/changes that were not exported/);
    commitAll(folder, "more");
    await expect(importPatches(project, release, folder, quiet)).rejects.toThrow(/changes that were not exported/);
  });
});
