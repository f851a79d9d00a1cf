import path from "node:path";
import { expect, it } from "vitest";
import { patches } from "../../harness/regress/checks/patches.ts";
import type { RegressContext } from "../../harness/regress/types.ts";
import { makeFixture, withBundle, writeFiles, type Fixture } from "../upstream/fixture.ts";

/** A patch that appends a line to a file of the fixture's release; `last` is the file's last line. */
function appending(file: string, last: string): string {
  const head = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nDate: Mon, 6 May 2024 07:08:09 +0200\nSubject: Append\n\n";
  return `${head}diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}\n@@ -1 +1,2 @@\n ${last}\n+more\n`;
}

const files = { "src/quant.c": "one\n", "tools/tool.c": "two\n", "common/log.c": "three\n", "examples/e.c": "four\n" };

async function verdict(names: Record<string, string>, release: Record<string, string> = files): Promise<Awaited<ReturnType<typeof patches.run>>> {
  const fixture: Fixture = await withBundle(await makeFixture(release));
  const folder = path.join("patches", fixture.release.tag, "base");
  await writeFiles(fixture.project.root, {
    [path.join(folder, ".patches")]: Object.keys(names).map((name) => `${name}\n`).join(""),
    ...Object.fromEntries(Object.entries(names).map(([name, text]) => [path.join(folder, name), text])),
  });
  const { project, release: known } = fixture;
  return patches.run({ project, release: known, report: () => undefined, signal: new AbortController().signal } as unknown as RegressContext);
}

it("patches of the tools and of common/ hold", async () => {
  expect(await verdict({ "a.patch": appending("tools/tool.c", "two"), "b.patch": appending("common/log.c", "three") })).toEqual({
    verdict: "holds", figure: "2 base patches change 2 files, 0 of them outside tools/ and common/", details: [],
  });
});

it("a patch of anything else is told by its name", async () => {
  const { verdict: found, details } = await verdict({ "a.patch": appending("tools/tool.c", "two"), "b.patch": appending("src/quant.c", "one") });
  expect(found).toBe("regressed");
  expect(details[0]).toBe("regressed: base/b.patch touches src/quant.c, outside tools/ and common/");
});

it("examples/ counts only in releases whose tools are there", async () => {
  const old = { "src/quant.c": "one\n", "examples/e.c": "four\n" };
  expect((await verdict({ "a.patch": appending("examples/e.c", "four") }, old)).verdict).toBe("holds");
  expect((await verdict({ "a.patch": appending("examples/e.c", "four") })).verdict).toBe("regressed");
});

it("a patch that does not apply leaves the question open", async () => {
  expect((await verdict({ "a.patch": appending("tools/tool.c", "no such line") })).verdict).toBe("undecided");
});
