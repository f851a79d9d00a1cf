import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../harness/paths.ts";
import { releaseNamed, upstreams } from "../../harness/upstream/releases.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { git, writeFiles } from "./fixture.ts";

const known = { tag: "b1", date: "2024-05-06", commit: null, tree: "a".repeat(40), package: "p@1.0.0", integrity: "sha512-AAAA==" };

async function projectWith(content: string) {
  const root = await temporaryFolder();
  await writeFiles(root, { "patches/upstreams.json": content });
  return { root, cache: root, url: root };
}

describe("patches/upstreams.json", () => {
  it("pins b10361, by upstream's commit and tree", async () => {
    expect(await releaseNamed()).toMatchObject({
      tag: "b10361",
      commit: "14e78ddef7a2061e7d5a31dce4eb7ee0bcdbc840",
      tree: "52df1dfa1d8c0e37bb748fdd3c0ff1c7fdf2aeb2",
    });
  });

  // `git add .` would put the bundle's commit there once the folder is filled.
  it.skipIf(!existsSync(path.join(projectRoot, ".git")))("is what the submodule is pinned at", async () => {
    const [mode, commit] = git(projectRoot, "ls-files", "--stage", "llama.cpp").split(/\s/);
    expect({ mode, commit }).toEqual({ mode: "160000", commit: (await releaseNamed()).commit });
    expect(git(projectRoot, "config", "--file", ".gitmodules", "submodule.llama.cpp.url")).toBe("https://github.com/ggml-org/llama.cpp");
  });

  it("knows the thesis's release, the pin, and one that is newer", async () => {
    expect((await upstreams()).releases.map(({ tag }) => tag)).toEqual(expect.arrayContaining(["b2329", "b10361", "v0.5.0"]));
    expect((await releaseNamed("v0.5.0")).commit).toBeNull();
  });

  it("names the releases there are when asked for another", async () => {
    await expect(releaseNamed("b1")).rejects.toThrow(/Release b1 .* not known.*b2329, .*v0\.5\.0/);
  });

  it.each([
    ["no JSON", "{", /upstreams\.json cannot be read/],
    ["a short hash", JSON.stringify({ pin: "b1", releases: [{ ...known, tree: "abc" }] }), /40 hexadecimal digits/],
    ["an unknown key", JSON.stringify({ pin: "b1", releases: [known], extra: 1 }), /extra/],
    ["a pin that is no release", JSON.stringify({ pin: "b2", releases: [known] }), /the pin b2 is none of the releases b1/],
    ["a tag twice", JSON.stringify({ pin: "b1", releases: [known, known] }), /occurs twice/],
  ])("refuses %s", async (_, content, message) => {
    await expect(upstreams(await projectWith(content))).rejects.toThrow(message);
  });
});
