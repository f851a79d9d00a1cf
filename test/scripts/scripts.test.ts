import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, it, vi } from "vitest";
import { startScript } from "../support/cli.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("npm run patches -- --help says what the commands are", async () => {
  const { code, stdout } = await startScript("patches.ts", ["--help"]).ended;
  expect(code).toBe(0);
  for (const command of ["import [options]", "export [options]", "check [options]", "new-release [options] <tag>"]) expect(stdout).toContain(`\n  ${command} `);
});

it("npm run patches -- export --help says what is the default, and exports nothing", async () => {
  const { code, stdout } = await startScript("patches.ts", ["export", "--folder", path.join(await temporaryFolder(), "none"), "--help"]).ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ +--release <tag> .*\(default: the pin\)\n +--folder <dir> .*\(default: one in the cache\)$/m);
});

it("npm run patches -- check says that the patches apply", async () => {
  const { code, stdout } = await startScript("patches.ts", ["check", "--release", "b2329"]).ended;
  expect(stdout).toMatch(/^b2329: the patches apply, and come out as they are\.$/m);
  expect(code).toBe(0);
});

it.each([
  ["patches.ts", [], /Usage: patches/],
  ["patches.ts", ["chek"], /unknown command 'chek'/],
  ["patches.ts", ["new-release"], /missing required argument 'tag'/],
  ["patches.ts", ["check", "--folder", "x"], /unknown option '--folder'/],
  ["patches.ts", ["check", "--release", "b1"], /^Release b1 of llama\.cpp is not known\..* `npm run patches -- new-release TAG` adds one/],
  ["setup.ts", ["--foldr"], /unknown option '--foldr'\n.*--help/],
  ["setup.ts", ["b1"], /too many arguments/],
])("%s %j is refused", async (script, given, says) => {
  const { code, stdout, stderr } = await startScript(script, given).ended;
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(says);
});

it.each([
  [{ FORCE_COLOR: "1" }, true],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  [{ NO_COLOR: "1" }, false],
  [{ FORCE_COLOR: "0" }, false],
  // Of standard error that is no terminal.
  [{}, false],
])("under %j what is said has colours: %s", async (environment, isColoured) => {
  for (const name of ["FORCE_COLOR", "NO_COLOR"]) vi.stubEnv(name, (environment as Record<string, string>)[name]);
  const { stderr } = await startScript("patches.ts", ["check", "--release", "b1"]).ended;
  expect(stderr).toMatch(/Release b1 of llama\.cpp is not known/);
  expect(stderr.includes("\u001b[")).toBe(isColoured);
});

it("npm run make-model leaves nothing after Ctrl-C", async () => {
  const folder = await temporaryFolder();
  const { child, ended } = startScript("make-model.ts", ["--params", "1b", path.join(folder, "model.gguf")]);
  while (child.exitCode === null && (await readdir(folder)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGINT");
  expect(await ended).toEqual({ code: 130, stdout: "", stderr: "interrupted\n" });
  expect(await readdir(folder)).toEqual([]);
});
