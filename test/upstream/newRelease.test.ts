import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { checkPatches } from "../../harness/upstream/check.ts";
import { exportPatches } from "../../harness/upstream/export.ts";
import { newRelease, type NewReleaseOptions } from "../../harness/upstream/newRelease.ts";
import { releaseNamed, upstreams } from "../../harness/upstream/releases.ts";
import { workshopFolder } from "../../harness/upstream/workshop.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { git, releaseFiles, writeFiles, type Fixture } from "./fixture.ts";
import { moved, rewritten, serveReleases, withPatches } from "./newReleases.ts";

const quiet = (): void => {};

async function carry({ project }: Fixture, tag: string, options: NewReleaseOptions = {}, folder = workshopFolder(project, { tag })): Promise<string> {
  return newRelease(project, tag, folder, options, quiet);
}

describe("new-release", () => {
  it("carries all patches over, exports them and checks their fixed point", async () => {
    const fixture = await withPatches();
    await serveReleases({ b2: moved });
    const text = await carry(fixture, "b2", { package: "node-llama-cpp@3.0.0" });
    expect(text).toMatch(/base\/tools_flush +applies\n.*pablo\/quantize_call_the_library +applies.*\n.*pablo\/add_a_file +applies\n1 base and 2 pablo patches written/);
    const added = await releaseNamed("b2", fixture.project);
    expect(added).toMatchObject({ date: "2025-02-03", commit: null, package: "node-llama-cpp@3.0.0" });
    await checkPatches(fixture.project, added, quiet);
    expect(git(workshopFolder(fixture.project, added), "show", "HEAD:src/quant.c")).toContain("int second;\nint line_0;");
  });

  it("says what conflicts, leaves a tree to resolve in, and export finishes it", async () => {
    const fixture = await withPatches();
    await serveReleases({ b2: rewritten });
    const folder = path.join(await temporaryFolder(), "work");
    const carried = carry(fixture, "b2", { package: "node-llama-cpp@latest" }, folder);
    await expect(carried).rejects.toThrow(/pablo\/quantize_call_the_library +conflicts in src\/quant\.c\n +pablo\/add_a_file +applies\nOne does not apply\. .*work has stopped.*upstreams\.json now names b2/);
    const added = await releaseNamed("b2", fixture.project);
    const finish = () => exportPatches(fixture.project, added, folder);
    await expect(finish()).rejects.toThrow(/middle of git am/);
    await expect(carry(fixture, "b2", {}, folder)).rejects.toThrow(/changes that were not exported/);

    git(folder, "add", "src/quant.c");
    git(folder, "am", "--continue");
    await expect(finish()).rejects.toThrow(/"quantize: call the library" adds conflict markers/);
    await writeFiles(folder, { "src/quant.c": rewritten["src/quant.c"].replace("long line_nine;", "int hook;") });
    git(folder, "add", "--all");
    git(folder, "commit", "--quiet", "--fixup=HEAD~1");
    git(folder, "-c", "sequence.editor=true", "rebase", "--quiet", "--keep-empty", "--interactive", "--autosquash", "HEAD~3");
    expect(await finish()).toEqual({ base: 1, pablo: 2 });
    await checkPatches(fixture.project, added, quiet);
  });

  it("finds the package by the tag, halving the versions", async () => {
    const fixture = await withPatches();
    const tags = ["b2", "b3", "b5", "b8", "b13", "b21", "v0.2.0", "v0.10.0"];
    const requests = await serveReleases(Object.fromEntries(tags.map((tag, index) => [tag, { ...releaseFiles, more: `${index}` }])));
    await carry(fixture, "v0.10.0");
    expect((await releaseNamed("v0.10.0", fixture.project)).package).toBe("node-llama-cpp@3.7.0");
    expect(requests.filter((url) => url.endsWith(".tgz"))).toHaveLength(3);
    await expect(carry(fixture, "b6")).rejects.toThrow("No node-llama-cpp package carries llama.cpp b6. Nearest are b5 (node-llama-cpp@3.2.0) and b8 (node-llama-cpp@3.3.0)");
    await expect(carry(fixture, "v0")).rejects.toThrow("v0 is no tag of llama.cpp's releases");
  });

  it("refuses a release that has patches, another than the package's, and a package without one; and adds none of them", async () => {
    const fixture = await withPatches();
    await serveReleases({ b2: moved });
    await expect(carry(fixture, "b1")).rejects.toThrow(/b1 has patches already/);
    await expect(carry(fixture, "b3", { package: "node-llama-cpp@3.0.0" })).rejects.toThrow("node-llama-cpp@3.0.0 carries llama.cpp b2, not b3.");
    await expect(carry(fixture, "b3", { package: "node-llama-cpp@9.9.9" })).rejects.toThrow(/node-llama-cpp@9\.9\.9 cannot be had/);
    await expect(carry(fixture, "b2", { package: "node-llama-cpp@3.0.0", from: "b0" })).rejects.toThrow(/b0 of llama\.cpp is not known/);
    expect((await upstreams(fixture.project)).releases).toHaveLength(1);
  });

  it("takes a release that is known but has no patches, without the registry", async () => {
    const fixture = await withPatches();
    const file = path.join(fixture.project.root, "patches", "upstreams.json");
    const again = { ...fixture.release, tag: "b1b", date: "2024-06-07" };
    await writeFile(file, JSON.stringify({ pin: "b1", releases: [fixture.release, again] }));
    await rm(path.join(fixture.project.cache, "bundles"), { recursive: true });
    await mkdir(path.join(fixture.project.cache, "bundles"));
    await writeFile(path.join(fixture.project.cache, "bundles", "b1b.bundle"), await readFile(fixture.bundle));
    expect(await carry(fixture, "b1b", { from: "b1" })).toMatch(/1 base and 2 pablo/);
    expect(existsSync(path.join(fixture.project.root, "patches", "b1b", "pablo", "add_a_file.patch"))).toBe(true);
  });
});
