import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { startScript } from "../support/cli.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("npm run patches -- export --help says what the commands are, and exports nothing", async () => {
  const { code, stdout } = await startScript("patches.ts", ["export", "--folder", path.join(await temporaryFolder(), "none"), "--help"]).ended;
  expect(code).toBe(0);
  for (const command of ["import", "export", "check", "new-release TAG"]) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
});

it.each([["patches.ts", ["check", "--foldr", "x"]], ["setup.ts", ["--foldr"]]])("%s refuses an option that it does not know", async (script, given) => {
  const { code, stdout, stderr } = await startScript(script, given).ended;
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/There is no option --foldr\. npm run /);
});

it("npm run make-model leaves nothing after Ctrl-C", async () => {
  const folder = await temporaryFolder();
  const { child, ended } = startScript("make-model.ts", ["--params", "1b", path.join(folder, "model.gguf")]);
  while (child.exitCode === null && (await readdir(folder)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGINT");
  expect(await ended).toEqual({ code: 130, stdout: "", stderr: "interrupted\n" });
  expect(await readdir(folder)).toEqual([]);
});
