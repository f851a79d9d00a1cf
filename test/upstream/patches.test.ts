import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { checkPatches } from "../../harness/upstream/check.ts";
import { exportPatches } from "../../harness/upstream/export.ts";
import { knownCommit, patchedCommit } from "../../harness/upstream/patches.ts";
import { importPatches, workshopFolder } from "../../harness/upstream/workshop.ts";
import { commitAll, git, makeFixture, releaseFiles, withBundle, writeFiles, type Fixture } from "./fixture.ts";

const quiet = (): void => {};
const edited = releaseFiles["src/quant.c"].replace("int line_9;", "int hook;");

/** A project with a base patch and two pablo patches, made by import, commits and export. */
async function withPatches(): Promise<Fixture & { folder: string }> {
  const fixture = await withBundle(await makeFixture());
  const { project, release } = fixture;
  const folder = await importPatches(project, release, workshopFolder(project, release), quiet);
  await writeFiles(folder, { "src/quant.c": edited });
  commitAll(folder, "[hooks] Call the library — für Größe\n\nWhy: it has to.\n");
  await writeFiles(folder, { "src/new file.c": "int x; \nint y;\t\n" });
  commitAll(folder, "Add a file");
  await writeFiles(folder, { "tools/dos.txt": "one\r\nzwei\r\nthree\r\n" });
  commitAll(folder, "Flush the log");
  // The last goes below the divider, as `git rebase --interactive` would put it.
  const [flush, add, hook, divider] = git(folder, "rev-list", "HEAD").split("\n");
  git(folder, "checkout", "--quiet", "--detach", "refs/quantflex/base");
  git(folder, "cherry-pick", "--allow-empty", flush!, divider!, hook!, add!);
  await exportPatches(project, release, folder);
  return { ...fixture, folder };
}

async function contents(fixture: Fixture): Promise<Record<string, string>> {
  const folder = path.join(fixture.project.root, "patches", "b1");
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => [path.relative(folder, path.join(parentPath, name)), await readFile(path.join(parentPath, name), "latin1")]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, string>;
}

let template: Fixture & { folder: string };
beforeAll(async () => {
  template = await withPatches();
});

/** A project of its own with the template's patches. */
async function copyOfPatches(): Promise<Fixture> {
  const fixture = await withBundle(await makeFixture());
  const files = Object.entries(await contents(template));
  await Promise.all(files.map(([name, text]) => writeFile(path.join(fixture.project.root, "patches", "b1", name), text, "latin1")));
  return fixture;
}

afterEach(() => vi.unstubAllEnvs());

describe("export", () => {
  it("writes one file a commit, in the order of .patches, divided into base and pablo", async () => {
    const files = await contents(template);
    expect(files["base/.patches"]).toBe("flush_the_log.patch\n");
    expect(files["pablo/.patches"]).toBe("hooks_call_the_library_f_r_gr_e.patch\nadd_a_file.patch\n");
    expect(files["base/flush_the_log.patch"]).toBe(`From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: "A. Writer" <writer@example.org>
Date: Mon, 6 May 2024 07:08:09 +0200
Subject: Flush the log


diff --git a/tools/dos.txt b/tools/dos.txt
index e1587ff9ea6ced3af32e07e4b6b68d21374907ec..a2375bd3cfceab5ca0d292803ac4883eccc6564f 100644
--- a/tools/dos.txt
+++ b/tools/dos.txt
@@ -1,3 +1,3 @@
 one\r
-two\r
+zwei\r
 three\r
`);
    expect(Object.keys(files)).toHaveLength(5);
  });

  it("takes away what is no longer there", async () => {
    const { project, release } = await copyOfPatches();
    const folder = await importPatches(project, release, workshopFolder(project, release), quiet);
    git(folder, "reset", "--quiet", "--hard", "HEAD^");
    expect(await exportPatches(project, release, folder)).toEqual({ base: 1, pablo: 1 });
    expect(await readdir(path.join(project.root, "patches/b1/pablo"))).not.toContain("add_a_file.patch");
  });

  it.each([
    ["two titles that make one file name", ["Add: a file", "b"], /two commits would both become add_a_file\.patch/],
    ["a message that would be cut", ["x\n\nbefore\n---\nafter\n", "c"], /git drops what follows "---"/],
    ["an empty commit", ["empty", undefined], /the commit "empty" changes nothing/],
  ] as const)("refuses %s, and writes nothing", async (_, [message, content], error) => {
    const fixture = await copyOfPatches();
    const folder = await importPatches(fixture.project, fixture.release, workshopFolder(fixture.project, fixture.release), quiet);
    const before = await contents(fixture);
    if (content) await writeFiles(folder, { [content]: content });
    git(folder, "add", "--all");
    git(folder, "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message);
    await expect(exportPatches(fixture.project, fixture.release, folder)).rejects.toThrow(error);
    expect(await contents(fixture)).toEqual(before);
  });

  it("refuses uncommitted changes, and a work tree without the divider", async () => {
    const { project, release } = await copyOfPatches();
    const folder = await importPatches(project, release, workshopFolder(project, release), quiet);
    await writeFiles(folder, { stray: "" });
    await expect(exportPatches(project, release, folder)).rejects.toThrow(/not committed:\n\?\? stray/);
    await rm(path.join(folder, "stray"));
    git(folder, "reset", "--quiet", "--hard", "refs/quantflex/base");
    await expect(exportPatches(project, release, folder)).rejects.toThrow(/has 0 commits with the title/);
  });

  it("makes file names of titles", async () => {
    const { project, release } = await copyOfPatches();
    const folder = await importPatches(project, release, workshopFolder(project, release), quiet);
    for (const title of ["ggml: hook Q4_0 & Q8_0 (x-y)", "—"]) {
      await writeFiles(folder, { "src/quant.c": title });
      commitAll(folder, title);
    }
    await exportPatches(project, release, folder);
    const names = await readFile(path.join(project.root, "patches", "b1", "pablo", ".patches"), "utf8");
    expect(names.split("\n").slice(-3)).toEqual(["ggml_hook_q4_0_q8_0_x-y.patch", "patch.patch", ""]);
  });
});

describe("import", () => {
  it("gives the same commit and tree on another machine, whatever git is configured to do there", async () => {
    const plain = await copyOfPatches();
    const expected = await patchedCommit(plain.project, plain.release, "patched", quiet);

    const hostile = await copyOfPatches();
    const home = path.join(hostile.project.root, "home");
    const settings = `[core]
\tautocrlf = true
\teol = crlf
\tsafecrlf = true
\thooksPath = ${home}/hooks
[diff]
\tnoprefix = true
\tcontext = 9
\tmnemonicPrefix = true
\talgorithm = patience
[format]
\tsignOff = true
\tattach = true
\tsubjectPrefix = NO
\tnumbered = true
\tencodeEmailHeaders = false
[am]
\tkeepcr = false
\tthreeWay = true
[apply]
\twhitespace = fix
[commit]
\tgpgSign = true
[user]
\tname = Somebody
\temail = else@example.org
[i18n]
\tcommitEncoding = ISO-8859-1
`;
    await writeFiles(home, { ".gitconfig": settings, "hooks/applypatch-msg": "#!/bin/sh\nexit 1\n", "hooks/post-checkout": "#!/bin/sh\nexit 1\n" });
    await Promise.all(["applypatch-msg", "post-checkout"].map((name) => chmod(path.join(home, "hooks", name), 0o755)));
    vi.stubEnv("HOME", home);
    vi.stubEnv("GIT_AUTHOR_NAME", "Somebody");
    vi.stubEnv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z");
    vi.stubEnv("GIT_DIR", path.join(hostile.project.root, ".git"));
    vi.stubEnv("GIT_INDEX_FILE", path.join(home, "index"));
    vi.stubEnv("TZ", "Pacific/Kiritimati");
    expect(await patchedCommit(hostile.project, hostile.release, "patched", quiet)).toEqual(expected);
    await checkPatches(hostile.project, hostile.release, quiet);
  });

  it("keeps carriage returns, white space at line ends, authors and messages", async () => {
    const { project, release } = await copyOfPatches();
    const { commit } = await patchedCommit(project, release, "patched", quiet);
    const repository = path.join(project.cache, "sources", "b1.git");
    expect(git(repository, "cat-file", "-p", `${commit}:tools/dos.txt`)).toBe("one\r\nzwei\r\nthree");
    expect(git(repository, "cat-file", "-p", `${commit}:src/new file.c`)).toMatch(/^int x; \nint y;/);
    expect(git(repository, "log", "-1", "--format=%an|%aI|%cn|%cI", commit)).toBe(
      "A. Writer|2024-05-06T07:08:09+02:00|quantflex|2024-05-06T07:08:09+02:00",
    );
    expect(git(repository, "log", "-1", "--format=%B", `${commit}^`)).toBe("[hooks] Call the library — für Größe\n\nWhy: it has to.");
  });

  it("applies only base patches for the upstream variant", async () => {
    const { project, release } = await copyOfPatches();
    const { commit } = await patchedCommit(project, release, "upstream", quiet);
    const repository = path.join(project.cache, "sources", "b1.git");
    expect(git(repository, "diff", "--name-only", "refs/quantflex/base", commit)).toBe("tools/dos.txt");
  });

  it("is not run again for the same patches, and is for others", async () => {
    const { project, release } = await copyOfPatches();
    expect(await knownCommit(project, release, "patched")).toBeUndefined();
    const first = await patchedCommit(project, release, "patched", quiet);
    const report = vi.fn();
    expect(await patchedCommit(project, release, "patched", report)).toEqual(first);
    expect(report).not.toHaveBeenCalled();
    expect(await knownCommit(project, release, "patched")).toEqual(first);
    await writeFile(path.join(project.root, "patches/b1/pablo/.patches"), "hooks_call_the_library_f_r_gr_e.patch\n");
    await rm(path.join(project.root, "patches/b1/pablo/add_a_file.patch"));
    expect(await knownCommit(project, release, "patched")).toBeUndefined();
    expect((await patchedCommit(project, release, "patched", quiet)).tree).not.toBe(first.tree);
  });

  it("that fails names the patch and leaves nothing half way", async () => {
    const { project, release } = await copyOfPatches();
    const file = path.join(project.root, "patches/b1/pablo/hooks_call_the_library_f_r_gr_e.patch");
    await writeFile(file, (await readFile(file, "utf8")).replaceAll("int line_8;", "int other;"));
    const failing = patchedCommit(project, release, "patched", quiet);
    await expect(failing).rejects.toThrow(/^pablo\/hooks_call_the_library_f_r_gr_e\.patch does not apply to llama\.cpp b1:\n.*src\/quant\.c/s);
    expect(await readdir(path.join(project.cache, "scratch"))).toEqual([]);
    expect(git(path.join(project.cache, "sources", "b1.git"), "worktree", "list").split("\n")).toHaveLength(1);
    await expect(importPatches(project, release, workshopFolder(project, release), quiet)).rejects.toThrow(/does not apply/);
    expect(await readdir(path.dirname(workshopFolder(project, release)))).toEqual([]);
  });

  it("refuses a file with two commits", async () => {
    const { project, release } = await copyOfPatches();
    const folder = path.join(project.root, "patches/b1/pablo");
    const patch = await readFile(path.join(folder, "add_a_file.patch"), "utf8");
    await writeFile(path.join(folder, "add_a_file.patch"), `${patch}\n${patch.replaceAll("new file.c", "newer.c")}`);
    await expect(patchedCommit(project, release, "patched", quiet)).rejects.toThrow(/add_a_file\.patch holds 2 commits/);
  });
});

describe("check", () => {
  it("passes at the fixed point", async () => {
    const { project, release } = await copyOfPatches();
    await checkPatches(project, release, quiet);
  });

  it("names the files that would change", async () => {
    const { project, release } = await copyOfPatches();
    const file = path.join(project.root, "patches/b1/base/flush_the_log.patch");
    await writeFile(file, (await readFile(file, "latin1")).replace(/^index .*$/m, "index 1234567..89abcde 100644"), "latin1");
    await expect(checkPatches(project, release, quiet)).rejects.toThrow(/exported again: base\/flush_the_log\.patch\./);
  });
});
