import path from "node:path";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { cacheWithoutBuilds } from "./test/setup/withoutBuilds.ts";

/** Tests that need a build of llama.cpp are told by their folder; it is built first where any of them is to run. */
const built: Record<string, string[]> = {
  integration: ["test/setup/patched.ts"],
  compared: ["test/setup/patched.ts", "test/setup/upstream.ts"],
  faults: ["test/setup/patched.ts"],
  slurm: ["test/setup/patched.ts"],
  // Each of its tests makes a build of its own.
  pablo: [],
};

/** Tests that start git, compilers, npm and other programs by the hundred, on small projects of their own; sweeps by fake programs in a lab among them. */
const toolchain = ["build", "doctor", "lab", "upstream", "regress", "scripts", "process", "download"];

const temporaryFiles = "test/setup/temporaryFiles.ts";
const testsIn = (folder: string): string => path.posix.join("test", folder, "**/*.test.ts");

const withoutBuilds = {
  globalSetup: [temporaryFiles, "test/setup/withoutBuilds.ts"],
  // A worker keeps its modules for the next file, which saves a third of the time.
  isolate: false,
  unstubEnvs: true,
  restoreMocks: true,
  env: { QUANTFLEX_CACHE: cacheWithoutBuilds },
};

const projects: TestProjectConfiguration[] = [
  { extends: true, test: { ...withoutBuilds, name: "unit", include: [testsIn("")], exclude: [...Object.keys(built), ...toolchain].map(testsIn) } },
  { extends: true, test: { ...withoutBuilds, name: "toolchain", include: toolchain.map(testsIn) } },
  ...Object.entries(built).map(([name, globalSetup]) => ({ extends: true as const, test: { name, include: [testsIn(name)], globalSetup: [temporaryFiles, ...globalSetup] } })),
];

export default defineConfig({
  test: {
    projects,
    testTimeout: 300_000,
    hookTimeout: 900_000,
    // Two files at a time: the programs that tests run use threads of their own.
    maxWorkers: 2,
    pool: "forks",
  },
});
