import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkPatches } from "../../harness/upstream/check.ts";
import { patchesCommand, type PatchesOptions } from "../../harness/upstream/commands.ts";
import { exportPatches } from "../../harness/upstream/export.ts";
import { compareTags, compareVersions } from "../../harness/upstream/findPackage.ts";
import { release as releaseOf, upstreams } from "../../harness/upstream/releases.ts";
import { importPatches, workshopFolder } from "../../harness/upstream/workshop.ts";
import { commitAll, git, makeFixture, releaseFiles, temporaryFolder, withBundle, writeFiles, type Fixture } from "./fixture.ts";

const quiet = (): void => {};
const source = releaseFiles["src/quant.c"];
const servers: Server[] = [];

beforeEach(async () => {
  vi.stubEnv("npm_config_cache", await temporaryFolder());
  vi.stubEnv("npm_config_fetch_retries", "0");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A project whose b1 has a base patch and two hooks. */
async function withPatches(): Promise<Fixture> {
  const fixture = await withBundle(await makeFixture());
  const { project, release } = fixture;
  const folder = await importPatches(project, release, workshopFolder(project, release), quiet);
  await writeFiles(folder, { "tools/dos.txt": "one\r\nzwei\r\nthree\r\n" });
  commitAll(folder, "tools: flush");
  const flush = git(folder, "rev-parse", "HEAD");
  const divider = git(folder, "rev-parse", "HEAD^");
  git(folder, "checkout", "--quiet", "--detach", "refs/quantflex/base");
  git(folder, "cherry-pick", "--allow-empty", flush, divider);
  await writeFiles(folder, { "src/quant.c": source.replace("int line_9;", "int hook;") });
  commitAll(folder, "quantize: call the library");
  await writeFiles(folder, { "src/new.c": "int x;\n" });
  commitAll(folder, "Add a file");
  await exportPatches(project, release, folder);
  return fixture;
}

/** A registry with node-llama-cpp packages, in the order of their releases: tag → the release's files. */
async function serveReleases(releases: Record<string, Record<string, string>>): Promise<string[]> {
  const requests: string[] = [];
  const tarballs = await Promise.all(Object.entries(releases).map(([tag, files]) => packed(tag, files)));
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    requests.push(url);
    const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const asked = /(\d+)\.tgz$/.exec(url);
    if (asked) return response.end(tarballs[Number(asked[1])]);
    const versions = Object.fromEntries(tarballs.map((tarball, index) => {
      const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
      return [`3.${index}.0`, { name: "node-llama-cpp", version: `3.${index}.0`, dist: { tarball: `${base}/${index}.tgz`, integrity } }];
    }));
    // In no useful order, as registries give them.
    const shuffled = Object.fromEntries(Object.entries(versions).reverse());
    return response.end(JSON.stringify({ name: "node-llama-cpp", "dist-tags": { latest: `3.${tarballs.length - 1}.0` }, versions: shuffled }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("npm_config_registry", `http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  return requests;
}

async function packed(tag: string, files: Record<string, string>): Promise<Buffer> {
  const top = await temporaryFolder();
  await writeFiles(path.join(top, "upstream"), files);
  git(path.join(top, "upstream"), "init", "--quiet", "--initial-branch=main");
  vi.stubEnv("GIT_COMMITTER_DATE", "2025-02-03T04:05:06Z");
  commitAll(path.join(top, "upstream"), "release");
  await mkdir(path.join(top, "package", "llama"), { recursive: true });
  git(path.join(top, "upstream"), "bundle", "create", "--quiet", path.join(top, "package", "llama", "gitRelease.bundle"), "HEAD");
  await writeFiles(path.join(top, "package"), { "package.json": '{"name":"node-llama-cpp","version":"1.0.0"}', "llama/llama.cpp.info.json": JSON.stringify({ tag }) });
  execFileSync("tar", ["-czf", "package.tgz", "package"], { cwd: top });
  return readFile(path.join(top, "package.tgz"));
}

const moved = { ...releaseFiles, "src/quant.c": `int first;\nint second;\n${source}` };
const rewritten = { ...releaseFiles, "src/quant.c": source.replace("int line_9;", "long line_nine;") };

async function newRelease(fixture: Fixture, options: PatchesOptions): Promise<string> {
  return patchesCommand("new-release", options, quiet, fixture.project);
}

describe("new-release", () => {
  it("carries all patches over, exports them and checks their fixed point", async () => {
    const fixture = await withPatches();
    await serveReleases({ b2: moved });
    const text = await newRelease(fixture, { tag: "b2", package: "node-llama-cpp@3.0.0" });
    expect(text).toMatch(/base\/tools_flush +applies\n.*pablo\/quantize_call_the_library +applies.*\n.*pablo\/add_a_file +applies\n1 base and 2 pablo patches written/);
    const added = await releaseOf("b2", fixture.project);
    expect(added).toMatchObject({ date: "2025-02-03", commit: null, package: "node-llama-cpp@3.0.0" });
    await checkPatches(fixture.project, added, quiet);
    expect(git(workshopFolder(fixture.project, added), "show", "HEAD:src/quant.c")).toContain("int second;\nint line_0;");
  });

  it("says what conflicts, leaves a tree to resolve in, and export finishes it", async () => {
    const fixture = await withPatches();
    await serveReleases({ b2: rewritten });
    const folder = path.join(await temporaryFolder(), "work");
    const carried = newRelease(fixture, { tag: "b2", package: "node-llama-cpp@latest", folder });
    await expect(carried).rejects.toThrow(/pablo\/quantize_call_the_library +conflicts in src\/quant\.c\n +pablo\/add_a_file +applies\nOne does not apply\. .*work has stopped/);
    const finish = (): Promise<string> => patchesCommand("export", { release: "b2", folder }, quiet, fixture.project);
    await expect(finish()).rejects.toThrow(/middle of git am/);
    await expect(newRelease(fixture, { tag: "b2", folder })).rejects.toThrow(/changes that were not exported/);

    git(folder, "add", "src/quant.c");
    git(folder, "am", "--continue");
    await expect(finish()).rejects.toThrow(/"quantize: call the library" adds conflict markers/);
    await writeFiles(folder, { "src/quant.c": rewritten["src/quant.c"].replace("long line_nine;", "int hook;") });
    git(folder, "add", "--all");
    git(folder, "commit", "--quiet", "--fixup=HEAD~1");
    git(folder, "-c", "sequence.editor=true", "rebase", "--quiet", "--keep-empty", "--interactive", "--autosquash", "HEAD~3");
    expect(await finish()).toBe("b2: 1 base and 2 pablo patches written to patches/b2.");
    await checkPatches(fixture.project, await releaseOf("b2", fixture.project), quiet);
  });

  it("finds the package by the tag, halving the versions", async () => {
    const fixture = await withPatches();
    const tags = ["b2", "b3", "b5", "b8", "b13", "v0.1.0", "v0.2.0"];
    const requests = await serveReleases(Object.fromEntries(tags.map((tag, index) => [tag, { ...releaseFiles, more: `${index}` }])));
    await newRelease(fixture, { tag: "v0.1.0" });
    expect((await releaseOf("v0.1.0", fixture.project)).package).toBe("node-llama-cpp@3.5.0");
    expect(requests.filter((url) => url.endsWith(".tgz"))).toHaveLength(2);
    await expect(newRelease(fixture, { tag: "b6" })).rejects.toThrow("No node-llama-cpp package carries llama.cpp b6. Nearest are b5 (node-llama-cpp@3.2.0) and b8 (node-llama-cpp@3.3.0)");
  });

  it("refuses a release that has patches, another than the package's, and a package without one", async () => {
    const fixture = await withPatches();
    await serveReleases({ b2: moved });
    await expect(newRelease(fixture, { tag: "b1" })).rejects.toThrow(/b1 has patches already/);
    await expect(newRelease(fixture, { tag: "b3", package: "node-llama-cpp@3.0.0" })).rejects.toThrow("node-llama-cpp@3.0.0 carries llama.cpp b2, not b3.");
    await expect(newRelease(fixture, { tag: "b3", package: "node-llama-cpp@9.9.9" })).rejects.toThrow(/node-llama-cpp@9\.9\.9 cannot be had/);
    await expect(newRelease(fixture, {})).rejects.toThrow(/needs the tag/);
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
    expect(await newRelease(fixture, { tag: "b1b", from: "b1" })).toMatch(/1 base and 2 pablo/);
    expect(existsSync(path.join(fixture.project.root, "patches", "b1b", "pablo", "add_a_file.patch"))).toBe(true);
  });
});

describe("order", () => {
  it("of versions is npm's", () => {
    const versions = ["3.22.1", "3.0.0-beta.13", "3.1.1", "3.0.0", "3.10.0", "3.0.0-beta.4", "3.2.0"];
    expect(versions.sort(compareVersions)).toEqual(["3.0.0-beta.4", "3.0.0-beta.13", "3.0.0", "3.1.1", "3.2.0", "3.10.0", "3.22.1"]);
  });

  it("of tags is upstream's", () => {
    expect(["v0.10.0", "b10361", "v0.5.0", "b2329"].sort(compareTags)).toEqual(["b2329", "b10361", "v0.5.0", "v0.10.0"]);
  });
});
