import { cp, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { patchedWorktree } from "../../harness/upstream/worktree.ts";
import { git, makeFixture, withBundle, writeFiles, type Fixture } from "./fixture.ts";

let fixture: Fixture;
let folder: string;
const ensure = (report?: (message: string) => void) =>
  patchedWorktree(fixture.release, "upstream", folder, { project: fixture.project, ...(report && { report }) });

beforeEach(async () => {
  fixture = await withBundle(await makeFixture());
  folder = path.join(fixture.project.cache, "builds", "one", "source");
});

const isWhole = () => git(folder, "rev-parse", "HEAD^{tree}") === fixture.release.tree && git(folder, "status", "--porcelain") === "";

describe("a work tree", () => {
  it("holds the tree, outside llama.cpp/", async () => {
    expect(await ensure()).toEqual({ folder, tree: fixture.release.tree });
    expect(isWhole()).toBe(true);
  });

  it("is updated in place: a file that stays the same is not written", async () => {
    await ensure();
    const same = await stat(path.join(folder, "src/quant.c"));
    const patch = `From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: A <a@example.org>
Date: Mon, 6 May 2024 07:08:09 +0200
Subject: Change a word

diff --git a/tools/dos.txt b/tools/dos.txt
--- a/tools/dos.txt
+++ b/tools/dos.txt
@@ -1,3 +1,3 @@
 one\r
-two\r
+zwei\r
 three\r
`;
    await writeFiles(path.join(fixture.project.root, "patches/b1/base"), { ".patches": "change_a_word.patch\n", "change_a_word.patch": patch });
    const { tree } = await ensure();
    expect(tree).not.toBe(fixture.release.tree);
    expect(git(folder, "rev-parse", "HEAD^{tree}")).toBe(tree);
    const { ino, mtimeMs } = await stat(path.join(folder, "src/quant.c"));
    expect({ ino, mtimeMs }).toEqual({ ino: same.ino, mtimeMs: same.mtimeMs });
  });

  it.each([
    ["edited", () => writeFile(path.join(folder, "src/quant.c"), "edited")],
    ["with a stray file", () => writeFile(path.join(folder, "stray.c"), "int stray;")],
    ["with a file missing", () => rm(path.join(folder, "src"), { recursive: true })],
    ["locked by a git that was killed", async () => writeFile(path.join(git(folder, "rev-parse", "--absolute-git-dir"), "index.lock"), "")],
    ["without its index", async () => writeFile(path.join(git(folder, "rev-parse", "--absolute-git-dir"), "index"), "")],
    ["without .git", () => rm(path.join(folder, ".git"))],
    ["whose repository is gone", () => rm(path.join(fixture.project.cache, "sources"), { recursive: true })],
    ["broken off while it was made", async () => {
      await rm(path.join(folder, "tools"), { recursive: true });
      await writeFile(path.join(git(folder, "rev-parse", "--absolute-git-dir"), "HEAD"), "");
    }],
  ])("%s is made right", async (_, damage) => {
    await ensure();
    await damage();
    await ensure();
    expect(isWhole()).toBe(true);
  });

  it("is made right after the cache was moved", async () => {
    await ensure();
    const moved = `${fixture.project.cache}-moved`;
    await cp(fixture.project.cache, moved, { recursive: true });
    await rm(fixture.project.cache, { recursive: true });
    fixture.project.cache = moved;
    folder = path.join(moved, "builds", "one", "source");
    await ensure();
    expect(isWhole()).toBe(true);
  });

  it("does not need llama.cpp/, nor does it change when llama.cpp/ goes", async () => {
    await ensure();
    await rm(path.join(fixture.project.root, "llama.cpp"), { recursive: true });
    const report = vi.fn();
    await ensure(report);
    expect(isWhole()).toBe(true);
    expect(report).not.toHaveBeenCalled();
  });
});
