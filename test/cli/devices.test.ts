import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { main } from "../../harness/cli.ts";
import { temporaryFolder } from "../support/temporary.ts";

let stderr = "";
beforeEach(() => {
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => void vi.restoreAllMocks());

it.each([
  [["sweep", "--list-devices"], /^error: --list-devices: the backend native has no devices; give --backend with another$/m],
  [["sweep", "--list-devices", "--backend", "rpc", "--release", "b2329"], /^error: --backend rpc: llama\.cpp b2329 is built for this processor alone; use a newer --release/m],
  [["plan", "--study", "quick", "--device", "Vulkan0"], /^error: --device Vulkan0: a build for the backend native has no devices/m],
  [["sweep", "--study", "quick", "--backend", "rpc", "--release", "b2329"], /^error: --backend rpc: llama\.cpp b2329 is built/m],
] as const)("fails in one line: %j", async (argv, says) => {
  vi.stubEnv("QUANTFLEX_BACKEND", "");
  expect(await main([...argv, ...(argv[0] === "plan" ? ["--out", await temporaryFolder()] : [])])).toBe(1);
  expect(stderr.trim().split("\n").filter((line) => line.startsWith("error"))).toHaveLength(1);
  expect(stderr).toMatch(says);
});
