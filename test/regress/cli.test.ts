import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { startScript } from "../support/cli.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("ends with 0 when the checks hold, and writes what it found", async () => {
  const out = await temporaryFolder();
  const { code, stdout } = await startScript("regress.ts", ["--only", "patches", "--out", out]).ended;
  expect(stdout).toMatch(/^patches: holds: \d+ base patches change \d+ files, 0 of them outside/m);
  expect(code).toBe(0);
  expect(JSON.parse(await readFile(path.join(out, "regress.json"), "utf8"))).toMatchObject({ verdict: "holds", fault: null, checks: [{ name: "patches" }] });
});

it.each([
  { args: ["--only", "nothing"], says: "Allowed: patches, bytes, likelihoods, devices, tests, schemes, speed" },
  { args: ["--release", "b1"], says: "b1 of llama.cpp is not known" },
  { args: ["--model", "no.gguf", "--only", "patches"], says: "no.gguf" },
  { args: ["--text", "no.txt", "--only", "patches"], says: "no.txt" },
])("ends with 2, never with 1, when nothing can be compared: $args", async ({ args, says }) => {
  const { code, stderr } = await startScript("regress.ts", [...args, "--out", await temporaryFolder()]).ended;
  expect(stderr).toContain(says);
  expect(code).toBe(2);
});
