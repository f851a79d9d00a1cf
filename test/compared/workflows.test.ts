import { spawnSync } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../harness/paths.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { readWorkflows } from "../support/workflows.ts";

const { tag } = await releaseNamed();

/**
 * Everything is run as it stands, by the shell and with the options that GitHub's runners use. Three things
 * are made cheap: `npm ci`, as the packages are here already and others are using them; `npm test`, which is
 * what is running, gets one file to test; and the newest release is the pin, as the registry's would be
 * another next week, and would be added to this checkout. What a workflow leaves to its caller, options, is given.
 */
const npm = `#!/bin/sh
for word in "$@"; do shift; [ "$word" != newest ] || word=${tag}; set -- "$@" "$word"; done
case "$*" in
  ci) echo "packages are installed" ;;
  test) exec "$REAL_NPM" test -- test/analysis/medianInterval.test.ts ;;
  *) exec "$REAL_NPM" "$@" ;;
esac
`;
const options: Record<string, string> = { "regress.yml": "--only patches,bytes", "weekly.yml": "--only patches" };

describe.each([...(await readWorkflows())])("%s", (name, { content }) => {
  const steps = Object.values(content.jobs).flatMap((job) => job.steps.flatMap(({ run }) => (run === undefined ? [] : [run])));

  it("runs, every line of it", async () => {
    const scratch = await temporaryFolder();
    const bin = path.join(scratch, "bin");
    await mkdir(bin);
    await writeFile(path.join(bin, "npm"), npm);
    await chmod(path.join(bin, "npm"), 0o755);
    const realNpm = spawnSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).stdout.trim();
    const summary = path.join(scratch, "summary.md");
    await writeFile(summary, "");
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, REAL_NPM: realNpm, OPTIONS: options[name] ?? "", GITHUB_STEP_SUMMARY: summary, CI: "true" };
    for (const step of steps) {
      const { status, stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", step], { cwd: projectRoot, env, encoding: "utf8" });
      expect(status, `${step}\n${stdout}\n${stderr}`).toBe(0);
    }
    if (name !== "test.yml") expect(await readFile(summary, "utf8")).toMatch(new RegExp(`^# llama\\.cpp ${tag}, patched against upstream: holds`));
  });
});
