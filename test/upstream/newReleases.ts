import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { onTestFinished, vi } from "vitest";
import { exportPatches } from "../../harness/upstream/export.ts";
import { importPatches, workshopFolder } from "../../harness/upstream/workshop.ts";
import { lastingTemporaryFolder, temporaryFolder } from "../support/temporary.ts";
import { commitAll, git, makeFixture, releaseFiles, withBundle, writeFiles, type Fixture } from "./fixture.ts";

const source = releaseFiles["src/quant.c"];

/** A project whose b1 has a base patch and two hooks. */
export async function withPatches(): Promise<Fixture> {
  const fixture = await withBundle(await makeFixture());
  const { project, release } = fixture;
  const folder = await importPatches(project, release, workshopFolder(project, release), () => undefined);
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

/**
 * A registry with node-llama-cpp packages, there until the test has finished.
 *
 * @param releases tag → the release's files, in the order of the releases
 * @returns the paths that were asked for, as they come in
 */
export async function serveReleases(releases: Record<string, Record<string, string>>): Promise<string[]> {
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
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("npm_config_cache", await lastingTemporaryFolder());
  vi.stubEnv("npm_config_fetch_retries", "0");
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

/** Files of a release after b1: what the hooks change stands two lines further down. */
export const moved = { ...releaseFiles, "src/quant.c": `int first;\nint second;\n${source}` };

/** Files of a release after b1: the line that a hook changes is another. */
export const rewritten = { ...releaseFiles, "src/quant.c": source.replace("int line_9;", "long line_nine;") };
