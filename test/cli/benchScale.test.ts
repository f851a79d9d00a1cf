import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { main } from "../../harness/cli.ts";
import { temporaryFolder } from "../support/temporary.ts";

let [stdout, stderr] = ["", ""];
beforeEach(async () => {
  [stdout, stderr] = ["", ""];
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => void vi.restoreAllMocks());

it("says of each shape what it takes, and which steps were never timed here", async () => {
  expect(await main(["bench", "scale", "--shapes", "7b", "--chunks", "8", "--cores", "4,2", "--tflops", "100"])).toBe(0);
  expect(stdout).toMatch(/^shape +model, GB +disk, GB +memory, GB +hours on 4 cores +hours on 2 cores +hours at 100 TFLOP\/s +unknown$/m);
  expect(stdout).toMatch(/^7b +\d+ +\d+ +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +.*evaluate/m);
});

it.each([
  [["--cores", "two"], /must be whole numbers from 1/],
  [["--tflops", "fast"], /Allowed: a number above 0/],
])("refuses %j in a line", async (argv, says) => {
  expect(await main(["bench", "scale", ...argv])).toBe(1);
  expect(stderr).toMatch(says);
});
