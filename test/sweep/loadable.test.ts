import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import type { Build } from "../../harness/build/build.ts";
import { refuseUnloadable } from "../../harness/sweep/loadable.ts";
import { checkModel } from "../../harness/sweep/inputs.ts";
import { fakeBuild } from "../support/fakeBuild.ts";
import { smallModel } from "../support/smallModel.ts";
import { temporaryFolder } from "../support/temporary.ts";

let cache = "";
beforeEach(async () => vi.stubEnv("QUANTFLEX_CACHE", (cache = await temporaryFolder())));

const signal = new AbortController().signal;

async function ask(perplexity: string): Promise<void> {
  const folder = await temporaryFolder();
  const program = path.join(folder, "program");
  await writeFile(program, `#!/bin/sh\n${perplexity}\n`, { mode: 0o755 });
  const build: Build = { ...(await fakeBuild(folder)), binary: () => program };
  return refuseUnloadable(await checkModel(await smallModel(), signal), { build, report: () => undefined, signal });
}

it("a program that does not start has accepted nothing, which is not remembered", async () => {
  await expect(ask("echo 'error while loading shared libraries: libcuda.so.1' >&2; exit 127")).rejects.toThrow(/libcuda\.so\.1/);
  expect(await readdir(path.join(cache, "loadable")).catch(() => [])).toEqual([]);
});

it("a program that misses nothing but weights has, which is", async () => {
  await ask("echo 'llama_model_load: error loading model: missing tensor token_embd.weight' >&2; exit 1");
  expect(await readdir(path.join(cache, "loadable"))).toHaveLength(1);
});
