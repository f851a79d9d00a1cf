import { existsSync } from "node:fs";
import { rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureSource } from "../../harness/upstream/source.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { commitAll, git, makeFixture, serveRegistry, withBundle, writeFiles, type Fixture } from "./fixture.ts";

const ensure = ({ project, release }: Fixture, report?: (message: string) => void) => ensureSource(release, report, project);
const treeIn = (folder: string) => git(folder, "rev-parse", "HEAD^{tree}");

beforeEach(async () => {
  vi.stubEnv("npm_config_cache", await lastingTemporaryFolder());
  vi.stubEnv("npm_config_fetch_retries", "0");
  vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/");
});
afterEach(() => vi.unstubAllEnvs());

describe("the submodule's folder", () => {
  it("becomes a repository of its own with the release's files; the parent is not touched", async () => {
    const fixture = await withBundle(await makeFixture());
    const { root } = fixture.project;
    const before = git(root, "rev-parse", "HEAD");
    const folder = await ensure(fixture);
    expect(folder).toBe(path.join(root, "llama.cpp"));
    expect(treeIn(folder)).toBe(fixture.release.tree);
    expect(git(folder, "status", "--porcelain")).toBe("");
    expect(git(folder, "remote", "get-url", "origin")).toBe(fixture.project.url);
    expect(git(root, "rev-parse", "HEAD")).toBe(before);
    expect(git(root, "for-each-ref")).not.toMatch(/FETCH_HEAD|quantflex/);
  });

  it("is made if it is not there", async () => {
    const fixture = await withBundle(await makeFixture());
    await rm(path.join(fixture.project.root, "llama.cpp"), { recursive: true });
    expect(treeIn(await ensure(fixture))).toBe(fixture.release.tree);
  });

  it("is left alone when it has the right tree, edits included", async () => {
    const fixture = await withBundle(await makeFixture());
    const folder = await ensure(fixture);
    await writeFile(path.join(folder, "src/quant.c"), "edited\n");
    const { mtimeMs } = await stat(path.join(folder, "src/quant.c"));
    const report = vi.fn();
    await ensure(fixture, report);
    expect(report).not.toHaveBeenCalled();
    expect((await stat(path.join(folder, "src/quant.c"))).mtimeMs).toBe(mtimeMs);
  });

  it("is filled when an earlier attempt was broken off", async () => {
    const fixture = await withBundle(await makeFixture());
    const folder = path.join(fixture.project.root, "llama.cpp");
    git(folder, "init", "--quiet");
    await writeFiles(folder, { "src/quant.c": "half a fi" });
    await ensure(fixture);
    expect(treeIn(folder)).toBe(fixture.release.tree);
    expect(git(folder, "status", "--porcelain")).toBe("");
  });

  it("with another tree stops with both hashes, unchanged", async () => {
    const fixture = await withBundle(await makeFixture());
    const folder = await ensure(fixture);
    await writeFiles(folder, { "src/new.c": "" });
    const other = commitAll(folder, "another");
    await expect(ensure(fixture)).rejects.toThrow(new RegExp(`tree ${treeIn(folder)}, but b1 has ${fixture.release.tree}`));
    expect(git(folder, "rev-parse", "HEAD")).toBe(other);
  });

  it("with files but no repository is not overwritten", async () => {
    const fixture = await withBundle(await makeFixture());
    await writeFiles(path.join(fixture.project.root, "llama.cpp"), { "notes.txt": "mine" });
    await expect(ensure(fixture)).rejects.toThrow(/holds files but is no git repository/);
  });

  it("is filled once when two ask at once", async () => {
    const fixture = await withBundle(await makeFixture());
    const folders = await Promise.all([ensure(fixture), ensure(fixture)]);
    expect(treeIn(folders[0])).toBe(fixture.release.tree);
    expect(git(folders[1], "status", "--porcelain")).toBe("");
  });
});

describe("the download", () => {
  it("takes the bundle from the registry that npm is configured for, once", async () => {
    const fixture = await makeFixture();
    const { url, server, requests } = await serveRegistry(fixture, fixture.tarball);
    vi.stubEnv("npm_config_registry", url);
    expect(treeIn(await ensure(fixture))).toBe(fixture.release.tree);
    expect(requests).toContain("/fake-bundle.tgz");
    server.close();
    await rm(path.join(fixture.project.root, "llama.cpp"), { recursive: true });
    fixture.project.url = "/nowhere";
    expect(treeIn(await ensure(fixture))).toBe(fixture.release.tree);
  });

  it("of another integrity is refused, and nothing is kept", async () => {
    const fixture = await makeFixture();
    const damaged = Buffer.from(fixture.tarball);
    damaged[damaged.length >> 1]! ^= 255;
    const { url, server } = await serveRegistry(fixture, damaged);
    vi.stubEnv("npm_config_registry", url);
    await expect(ensure(fixture)).rejects.toThrow(/fake-bundle@1\.0\.0 is not what patches\/upstreams\.json says: .*sha512/s);
    server.close();
    expect(existsSync(path.join(fixture.project.cache, "bundles", "b1.bundle"))).toBe(false);
    expect(existsSync(path.join(fixture.project.root, "llama.cpp", "src"))).toBe(false);
  });

  it("is made again when the kept bundle was damaged", async () => {
    const fixture = await withBundle(await makeFixture());
    await writeFile(path.join(fixture.project.cache, "bundles", "b1.bundle"), "# v2 git bundle\nrubbish");
    const { url, server } = await serveRegistry(fixture, fixture.tarball);
    vi.stubEnv("npm_config_registry", url);
    expect(treeIn(await ensure(fixture))).toBe(fixture.release.tree);
    server.close();
  });

  it("of another tree stops with both hashes", async () => {
    const fixture = await withBundle(await makeFixture());
    const release = { ...fixture.release, tree: "b".repeat(40) };
    const failing = ensureSource(release, undefined, fixture.project);
    await expect(failing).rejects.toThrow(new RegExp(`has tree ${fixture.release.tree}, .* says ${release.tree}`));
    expect(existsSync(path.join(fixture.project.root, "llama.cpp", "src"))).toBe(false);
  });

  it("falls back to upstream's URL", async () => {
    const fixture = await makeFixture();
    const messages: string[] = [];
    expect(treeIn(await ensure(fixture, (message) => messages.push(message)))).toBe(fixture.release.tree);
    expect(messages.join("\n")).toMatch(/the registry did not answer; fetching b1/);
  });

  it("without network and cache says what was tried, and the way out", async () => {
    const fixture = await makeFixture();
    fixture.project.url = "http://127.0.0.1:9/llama.cpp";
    await expect(ensure(fixture)).rejects.toThrow(
      /cannot be downloaded\.\n +fake-bundle@1\.0\.0: .*ECONNREFUSED.*\n +http:\/\/127\.0\.0\.1:9.*npm run setup/s,
    );
  });

  it("of a release that is not the pin goes to the cache", async () => {
    const fixture = await withBundle(await makeFixture());
    const other = { ...fixture.release, tag: "b0" };
    await writeFiles(fixture.project.root, {
      "patches/upstreams.json": JSON.stringify({ pin: "b0", releases: [other, fixture.release] }),
    });
    const folder = await ensure(fixture);
    expect(folder).toBe(path.join(fixture.project.cache, "sources", "b1.git"));
    expect(git(folder, "rev-parse", "refs/quantflex/base^{tree}")).toBe(fixture.release.tree);
  });
});
