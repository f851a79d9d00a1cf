import { createServer } from "node:http";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { untilInterrupted } from "../../harness/process/interrupt.ts";
import { patchedCommit } from "../../harness/upstream/patches.ts";
import { ensureSource } from "../../harness/upstream/source.ts";
import { addBasePatch } from "../build/fixture.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { git, makeFixture, withBundle } from "./fixture.ts";

const said = (): void => undefined;
const never = (error: unknown): never => {
  throw error;
};
const interrupt = (): boolean => process.emit("SIGINT");

afterEach(() => vi.unstubAllEnvs());

it("Ctrl-C ends a download that has stopped, and leaves nothing of it", async () => {
  const { project, release, tarball } = await makeFixture();
  const server = createServer((request, response) => {
    if (!request.url?.endsWith(".tgz")) {
      const dist = { tarball: `http://${request.headers.host}/x.tgz`, integrity: release.integrity };
      return response.end(JSON.stringify({ name: "fake-bundle", "dist-tags": {}, versions: { "1.0.0": { name: "fake-bundle", version: "1.0.0", dist } } }));
    }
    response.writeHead(200, { "content-length": tarball.length });
    response.write(tarball.subarray(0, tarball.length / 2));
    setTimeout(interrupt, 100);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("npm_config_registry", `http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  vi.stubEnv("npm_config_cache", await lastingTemporaryFolder());
  const report = vi.fn();
  expect(await untilInterrupted(async () => (await ensureSource(release, report, project), 0), never, said)).toBe(130);
  expect(report).toHaveBeenCalledTimes(1);
  expect([await readdir(path.join(project.cache, "scratch")), await readdir(path.join(project.cache, "bundles"))]).toEqual([[], []]);
  server.closeAllConnections();
  server.close();
});

it("Ctrl-C ends an import, and leaves no work tree, lock or reference", async () => {
  const { project, release } = await withBundle(await makeFixture());
  await addBasePatch(project.root);
  const report = (message: string): void => void (message.startsWith("applying") && interrupt());
  expect(await untilInterrupted(async () => (await patchedCommit(project, release, "patched", report), 0), never, said)).toBe(130);
  const repository = path.join(project.cache, "sources", "b1.git");
  expect(git(repository, "worktree", "list").split("\n")).toHaveLength(1);
  expect(git(repository, "for-each-ref", "--format=%(refname)")).toBe("refs/quantflex/base");
  expect([await readdir(path.join(project.cache, "scratch")), await readdir(path.join(project.cache, "locks"))]).toEqual([[], []]);
  expect(await readdir(path.join(project.cache, "bundles"))).toEqual(["b1.bundle"]);
});
