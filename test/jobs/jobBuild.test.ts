import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { readCpu } from "../../harness/build/cpu.ts";
import { storeBuild } from "../../harness/build/record.ts";
import { studyPrograms } from "../../harness/build/build.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { findJobBuild } from "../../harness/jobs/jobBuild.ts";
import { OtherMachine } from "../../harness/jobs/otherMachine.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";
import { temporaryFolder } from "../support/temporary.ts";

const key = "c".repeat(64);
const signal = new AbortController().signal;
let cache = "";
beforeEach(async () => {
  vi.stubEnv("QUANTFLEX_CACHE", (cache = await temporaryFolder()));
  // A cluster's nodes need not have one.
  vi.stubEnv("CC", "/nowhere/cc");
});

async function jobWith(features: string): Promise<Job> {
  const { tag: release } = await releaseNamed();
  const made = path.join(cache, "made");
  await mkdir(made);
  for (const name of studyPrograms) await writeFile(path.join(made, name), "#!/bin/sh\n", { mode: 0o755 });
  await storeBuild(path.join(cache, "binaries", key), made, { variant: "patched", release, key, tree: "t", libraryHash: "l", compiler: "cc 1", cmakeFlags: [], cpu: "c", features, backend: "native", tools: null }, studyPrograms);
  return { format: 1, name: "a", results: path.join(cache, "out"), target: { release, build: key, threads: 1 }, steps: [{ step: "evaluate", key, growing: null, config: {}, inputs: {} }] };
}

it("a job's build is taken from the cache on a processor of its kind, without compilers", async () => {
  const { features } = await readCpu();
  expect(await findJobBuild(await jobWith(features), "a", signal)).toMatchObject({ isThere: true, build: { key } });
});

it("on one of another kind the job is another machine's, whether there are compilers or not", async () => {
  const { features } = await readCpu();
  const finding = findJobBuild(await jobWith(`${features} far_future`), "a", signal);
  await expect(finding).rejects.toThrow(OtherMachine);
  await expect(finding).rejects.toThrow(/^a was made for build c{12} of llama\.cpp b10361, but this machine makes another: /);
});
