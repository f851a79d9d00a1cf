import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Project } from "../../harness/upstream/project.ts";
import type { Release } from "../../harness/upstream/releases.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

/** A small project with one release of a small "llama.cpp", in a temporary folder. */
export interface Fixture {
  project: Project;
  release: Release;
  /** The package's tarball, as the registry would serve it. */
  tarball: Buffer;
  bundle: string;
}

const author = { GIT_AUTHOR_NAME: "A. Writer", GIT_AUTHOR_EMAIL: "writer@example.org", GIT_COMMITTER_NAME: "C", GIT_COMMITTER_EMAIL: "c@example.org" };

/** Git as a test's hand would use it, untouched by the machine's configuration. */
export function git(folder: string, ...args: string[]): string {
  const env = { ...process.env, ...author, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  return execFileSync("git", args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Writes files below a folder: path → content. */
export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

/** Commits everything in a work tree. */
export function commitAll(folder: string, message: string): string {
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--cleanup=verbatim", "--date=2024-05-06T07:08:09+02:00", "-m", message);
  return git(folder, "rev-parse", "HEAD");
}

/** Files of the default release; one has carriage returns, as some in llama.cpp have. */
export const releaseFiles = {
  "src/quant.c": Array.from({ length: 30 }, (_, index) => `int line_${index};\n`).join(""),
  "tools/dos.txt": "one\r\ntwo\r\nthree\r\n",
};

const templates = new Map<Record<string, string>, Promise<Fixture & { top: string }>>();

/** A project whose only release has these files, in a parent repository with an empty `llama.cpp/`. */
export async function makeFixture(files: Record<string, string> = releaseFiles): Promise<Fixture> {
  if (!templates.has(files)) templates.set(files, makeTemplate(files));
  const { top: template, release, tarball } = await templates.get(files)!;
  const top = await lastingTemporaryFolder();
  await cp(template, top, { recursive: true });
  const project = { root: path.join(top, "project"), cache: path.join(top, "cache"), url: path.join(top, "upstream") };
  return { project, release, tarball, bundle: path.join(top, "gitRelease.bundle") };
}

async function makeTemplate(files: Record<string, string>): Promise<Fixture & { top: string }> {
  const top = await lastingTemporaryFolder();
  const upstream = path.join(top, "upstream");
  await writeFiles(upstream, files);
  git(upstream, "init", "--quiet", "--initial-branch=main");
  commitAll(upstream, "release");
  git(upstream, "tag", "b1");
  const bundle = path.join(top, "gitRelease.bundle");
  git(upstream, "bundle", "create", "--quiet", bundle, "HEAD");

  await writeFiles(path.join(top, "package"), { "package.json": JSON.stringify({ name: "fake-bundle", version: "1.0.0" }) });
  await mkdir(path.join(top, "package", "llama"));
  await copyFile(bundle, path.join(top, "package", "llama", "gitRelease.bundle"));
  execFileSync("tar", ["-czf", "package.tgz", "package"], { cwd: top });
  const tarball = await readFile(path.join(top, "package.tgz"));

  const release: Release = {
    tag: "b1",
    date: "2024-05-06",
    commit: null,
    tree: git(upstream, "rev-parse", "HEAD^{tree}"),
    package: "fake-bundle@1.0.0",
    integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
  };
  const root = path.join(top, "project");
  await writeFiles(root, {
    "patches/upstreams.json": JSON.stringify({ pin: "b1", releases: [release] }),
    "patches/b1/base/.patches": "",
    "patches/b1/pablo/.patches": "",
  });
  await mkdir(path.join(root, "llama.cpp"));
  git(root, "init", "--quiet", "--initial-branch=main");
  commitAll(root, "project");
  return { top, project: { root, cache: path.join(top, "cache"), url: upstream }, release, tarball, bundle };
}

/** As if the release had been downloaded before. */
export async function withBundle(fixture: Fixture): Promise<Fixture> {
  const folder = path.join(fixture.project.cache, "bundles");
  await mkdir(folder, { recursive: true });
  await copyFile(fixture.bundle, path.join(folder, "b1.bundle"));
  return fixture;
}

/** A registry that serves one package's tarball, whatever its integrity should be. */
export async function serveRegistry(fixture: Fixture, tarball: Buffer): Promise<{ url: string; server: Server; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    const { port } = server.address() as { port: number };
    if (request.url?.endsWith(".tgz")) return response.end(tarball);
    const dist = { tarball: `http://127.0.0.1:${port}/fake-bundle.tgz`, integrity: fixture.release.integrity };
    const versions = { "1.0.0": { name: "fake-bundle", version: "1.0.0", dist } };
    return response.end(JSON.stringify({ name: "fake-bundle", "dist-tags": { latest: "1.0.0" }, versions }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/`, server, requests };
}
