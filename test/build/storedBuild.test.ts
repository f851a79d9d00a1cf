import { appendFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { readCpu } from "../../harness/build/cpu.ts";
import { storeBuild } from "../../harness/build/record.ts";
import { isCurrent, isForThisProcessor, storedBuild } from "../../harness/build/storedBuild.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";
import { temporaryFolder } from "../support/temporary.ts";

const key = "c".repeat(64);
let folder = "";
beforeEach(async () => {
  const cache = await temporaryFolder();
  vi.stubEnv("QUANTFLEX_CACHE", cache);
  const made = path.join(cache, "made");
  await mkdir(made);
  await writeFile(path.join(made, "llama-quantize"), "#!/bin/sh\n", { mode: 0o755 });
  folder = path.join(cache, "binaries", key);
  await storeBuild(folder, made, { variant: "patched", release: (await releaseNamed()).tag, key, tree: "t", libraryHash: "l", compiler: "cc 1", cmakeFlags: [], cpu: "a processor", features: "x64 sse2 far_future", backend: "cuda", tools: "nvcc 13" }, ["llama-quantize"]);
});

it("a build is found by its key alone, without compilers and sources", async () => {
  vi.stubEnv("CC", "/nowhere/cc");
  const build = await storedBuild(key, ["llama-quantize"], await releaseNamed());
  expect(build).toMatchObject({ key, features: "x64 sse2 far_future", backend: "cuda", tools: "nvcc 13", compiler: "cc 1" });
  expect(build!.binary("llama-quantize")).toBe(path.join(folder, "llama-quantize"));
  expect(await isCurrent(build!, await releaseNamed())).toBe(false);
});

it("one that is not whole, or lacks a program that is wanted, is not", async () => {
  const release = await releaseNamed();
  expect(await storedBuild("d".repeat(64), ["llama-quantize"], release)).toBeNull();
  expect(await storedBuild(key, ["llama-quantize", "llama-perplexity"], release)).toBeNull();
  await appendFile(path.join(folder, "llama-quantize"), "\n");
  expect(await storedBuild(key, ["llama-quantize"], release)).toBeNull();
});

it("is for processors of its kind", async () => {
  const { features } = await readCpu();
  expect(await isForThisProcessor({ backend: "native", features })).toBe(true);
  expect(await isForThisProcessor({ backend: "cuda", features: `${features} far_future` })).toBe(false);
});
