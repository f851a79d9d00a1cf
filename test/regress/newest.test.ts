import { rm } from "node:fs/promises";
import path from "node:path";
import { expect, it, vi } from "vitest";
import { newestRelease } from "../../harness/regress/newest.ts";
import type { Release } from "../../harness/upstream/releases.ts";
import { releaseFiles } from "../upstream/fixture.ts";
import { moved, rewritten, serveReleases, withPatches } from "../upstream/newReleases.ts";

const quiet = (): void => undefined;

it("the newest release is downloaded once, and gets the patches of the one before where it has none", async () => {
  const { project } = await withPatches();
  const requests = await serveReleases({ b2: releaseFiles, b3: moved });
  const said: string[] = [];
  const ask = async (): Promise<Release> => {
    said.length = 0;
    return newestRelease(project, (message) => said.push(message));
  };
  const written = /1 base and 2 pablo patches written to patches\/b3/;
  const found = await ask();
  expect(found).toMatchObject({ tag: "b3", package: "node-llama-cpp@3.1.0" });
  expect(said.at(-1)).toMatch(written);

  expect(await ask()).toEqual(found);
  expect(said).toEqual(["the newest release is b3 (node-llama-cpp@3.1.0)"]);

  await rm(path.join(project.root, "patches", "b3"), { recursive: true });
  expect(await ask()).toEqual(found);
  expect(said.at(-1)).toMatch(written);
  expect(requests.filter((url) => url.endsWith(".tgz"))).toHaveLength(1);
});

it("patches that do not apply to it are told", async () => {
  const { project } = await withPatches();
  await serveReleases({ b2: rewritten });
  await expect(newestRelease(project, quiet)).rejects.toThrow(/pablo\/quantize_call_the_library +conflicts in src\/quant\.c/);
});

it("a registry that does not answer is told", async () => {
  const { project } = await withPatches();
  await serveReleases({ b2: moved });
  vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/");
  await expect(newestRelease(project, quiet)).rejects.toThrow(/node-llama-cpp@latest cannot be had from the registry: .*ECONNREFUSED/);
});
