import { defineConfig } from "vitest/config";

// Two files at a time: the integration tests' binaries use threads of their own.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 900_000,
    maxWorkers: 2,
    pool: "forks",
  },
});
