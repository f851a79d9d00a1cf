import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { ensureBuild, type Build } from "../../harness/build/build.ts";
import type { Flavour } from "../../harness/build/flavour.ts";
import { run } from "../../harness/process/run.ts";
import { sanitized } from "../pablo/flavours.ts";
import { buildFixture } from "./fixture.ts";

it("a flavour has a key and a workspace of its own, and its options", async () => {
  const { project, release } = await buildFixture();
  const ensure = (flavour?: Flavour): Promise<Build> => ensureBuild("patched", { project, release, targets: ["tool"], ...(flavour && { flavour }) });
  const plain = await ensure();
  const optimized = await ensure({ options: { CMAKE_C_FLAGS_RELEASE: "-O1" } });
  expect(optimized.key).not.toBe(plain.key);
  expect(optimized.cmakeFlags).toContain("-DCMAKE_C_FLAGS_RELEASE=-O1");
  expect(await readdir(path.join(project.cache, "builds"))).toHaveLength(2);
  expect((await run(optimized.binary("tool"), [])).stdout).toBe("2\n");
  expect((await ensure()).key).toBe(plain.key);
});

it("for another process's memory is made in the workspace of the usual one, which is not changed by it", async () => {
  const { project, release } = await buildFixture();
  const ensure = (options: Record<string, string>): Promise<Build> => ensureBuild("patched", { project, release, targets: ["tool"], flavour: { options } });
  const output = async (build: Build): Promise<string> => (await run(build.binary("tool"), [])).stdout;
  const remote = await ensure({ GGML_RPC: "ON" });
  const usual = await ensure({});
  expect([await output(remote), await output(usual)]).toEqual(["12\n", "2\n"]);
  expect(usual.key).not.toBe(remote.key);
  expect(usual.cmakeFlags.join()).not.toContain("RPC");
  expect(await readdir(path.join(project.cache, "builds"))).toHaveLength(1);
});

it("sanitizers are told apart, and go to compiler and linker alike", () => {
  const [memory, threads] = [sanitized("address,undefined"), sanitized("thread")];
  expect(memory.options.CMAKE_CXX_FLAGS).toBe("-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer");
  expect(threads.options.CMAKE_CXX_FLAGS).toBe("-fsanitize=thread -fno-omit-frame-pointer");
  for (const { options } of [memory, threads]) {
    expect(new Set([options.CMAKE_C_FLAGS, options.CMAKE_CXX_FLAGS, options.CMAKE_EXE_LINKER_FLAGS]).size).toBe(1);
    expect(options.GGML_OPENMP).toBe("OFF");
  }
});
