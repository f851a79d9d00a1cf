import { rm } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { assertWholeMessage, readSeries, readVariant, seriesHash } from "../../harness/upstream/series.ts";
import { makeFixture, writeFiles } from "./fixture.ts";

const patch = "From 0\nFrom: A <a@b>\nDate: x\nSubject: s\n\nwhy\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n";

async function withSeries(files: Record<string, string>) {
  const { project } = await makeFixture();
  const folder = path.join(project.root, "patches", "b1", "base");
  await writeFiles(folder, files);
  return readSeries(folder, "base");
}

describe("a series of patches", () => {
  it("may be empty", async () => {
    expect(await withSeries({ ".patches": "" })).toEqual([]);
  });

  it("has its order from .patches", async () => {
    const patches = await withSeries({ ".patches": "b.patch\na.patch\n", "a.patch": patch, "b.patch": patch });
    expect(patches.map(({ name }) => name)).toEqual(["b.patch", "a.patch"]);
  });

  it.each([
    ["a patch listed and missing", { ".patches": "a.patch\n" }, /lists a\.patch, which .* does not hold/],
    ["a patch there and not listed", { ".patches": "", "a.patch": patch }, /holds a\.patch, which \.patches does not list/],
    ["a name twice", { ".patches": "a.patch\na.patch\n", "a.patch": patch }, /listed twice/],
    ["names that collide on macOS", { ".patches": "a.patch\nA.patch\n", "a.patch": patch, "A.patch": patch }, /A\.patch is listed twice/],
    ["a path", { ".patches": "../a.patch\n" }, /not the name of a \.patch file/],
    ["a message with ---", { ".patches": "a.patch\n", "a.patch": patch.replace("why\n", "why\n---\nlost\n") }, /a\.patch, line 7: git drops what follows "---"/],
  ])("refuses %s", async (_, files, message) => {
    await expect(withSeries(files as Record<string, string>)).rejects.toThrow(message);
  });

  it("must be there for the patched variant", async () => {
    const { project, release } = await makeFixture();
    await rm(path.join(project.root, "patches", "b1", "pablo"), { recursive: true });
    expect(await readVariant(project, release, "upstream")).toEqual([]);
    await expect(readVariant(project, release, "patched")).rejects.toThrow(/pablo\/\.patches does not exist/);
  });

  it("has a hash that any byte of a patch, their order and the release change", async () => {
    const { release } = await makeFixture();
    const a = { series: "base" as const, name: "a.patch", file: "/a", content: Buffer.from("a") };
    const b = { ...a, name: "b.patch", content: Buffer.from("b") };
    const variations = [
      seriesHash(release, [a, b]),
      seriesHash(release, [b, a]),
      seriesHash(release, [a]),
      seriesHash(release, [a, { ...b, content: Buffer.from("c") }]),
      seriesHash(release, [a, { ...b, series: "pablo" }]),
      seriesHash({ ...release, tree: "f".repeat(40) }, [a, b]),
    ];
    expect(new Set(variations).size).toBe(variations.length);
    expect(seriesHash(release, [{ ...a, file: "/elsewhere" }, b])).toBe(variations[0]);
  });
});

describe("a message that git would cut short", () => {
  it.each(["---", "--- a note", "diff -u a b", "Index: x"])("is one with a line %j", (line) => {
    expect(() => assertWholeMessage(patch.replace("why", `why\n${line}`), "p")).toThrow(/p, line 7/);
  });

  it.each(["----", " ---", "a --- b", "--", "diffs"])("is not one with a line %j", (line) => {
    expect(() => assertWholeMessage(patch.replace("why", `why\n${line}`), "p")).not.toThrow();
  });
});
