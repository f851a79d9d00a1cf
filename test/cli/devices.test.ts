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

const noDevices = /^error: .*: a build for the backend \w+ has no devices; give --backend vulkan, cuda, metal, hip, sycl, rpc$/m;

it.each([
  [["sweep", "--list-devices"], /^error: --list-devices: a build for the backend native has no devices/m],
  [["plan", "--list-devices", "--backend", "portable"], noDevices],
  [["sweep", "--list-devices", "--backend", "rpc"], /^error: --backend rpc wants --device HOST:PORT, of a ggml-rpc-server that runs$/m],
  [["sweep", "--list-devices", "--backend", "rpc", "--device", "here"], /^error: --backend rpc wants --device HOST:PORT, .*; here is none$/m],
  [["sweep", "--list-devices", "--backend", "rpc", "--device", "here:1", "--release", "b2329"], /^error: --backend rpc: llama\.cpp b2329 is built for this processor alone; use a newer --release/m],
  [["plan", "--study", "quick", "--device", "Vulkan0"], /^error: --device Vulkan0: a build for the backend native has no devices/m],
  [["plan", "--study", "quick", "--devices", ","], /^error: option '--devices <names>' argument ',' is invalid\. It must be names as --list-devices prints them/m],
  [["plan", "--study", "quick", "--backend", "rpc"], /^error: --backend rpc wants --device HOST:PORT/m],
  [["sweep", "--study", "quick", "--backend", "rpc", "--device", "here:1", "--release", "b2329"], /^error: --backend rpc: llama\.cpp b2329 is built/m],
  [["bench", "--device", "Vulkan0"], noDevices],
  [["bench", "--backend", "vulkan", "feedback"], /^error: --backend before feedback: it has options of its own/m],
  [["quantize", "--model", "sotu-1m", "--type", "q4_0", "--out", "none.gguf", "--device", "Vulkan0"], noDevices],
  [["fit", "--weights", "imatrix", "--device", "Vulkan0"], noDevices],
  [["fit", "--device", "Vulkan0"], /^error: --device Vulkan0: only an importance matrix is computed there; give --weights imatrix/m],
] as const)("fails in one line: %j", async (argv, says) => {
  vi.stubEnv("QUANTFLEX_BACKEND", "");
  expect(await main([...argv, ...(argv[0] === "plan" ? ["--out", await temporaryFolder()] : [])])).toBe(1);
  expect(stderr.trim().split("\n").filter((line) => line.startsWith("error"))).toHaveLength(1);
  expect(stderr).toMatch(says);
});

it.each([
  [["--device", "Vulkan0"], noDevices],
  [["--backend", "portable"], noDevices],
  [["--backend", "rpc", "--device", "here"], /^error: --backend rpc wants --device HOST:PORT, .*; here is none$/m],
  [["--backend", "cuda"], /^error: --backend cuda cannot be built: nvcc is not on the PATH \(nvcc\); install the CUDA toolkit/m],
])("leaves a comparison open before anything is built: regress %j", async (argv, says) => {
  vi.stubEnv("QUANTFLEX_BACKEND", "");
  vi.stubEnv("PATH", await temporaryFolder());
  expect(await main(["regress", ...argv, "--only", "devices", "--out", await temporaryFolder()])).toBe(2);
  expect(stderr).toMatch(says);
});
