import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../harness/paths.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** What a shell's line says in a folder that is not the project's, where `npm` stands for npm in this project. */
async function says(line: string, folder: string): Promise<{ code: number; stderr: string }> {
  const script = `npm() { command npm --prefix '${projectRoot}' "$@"; }; ${line}`;
  const ended = await promisify(execFile)("bash", ["-c", script], { cwd: folder }).then(() => ({ code: 0, stderr: "" }), (error: { code: number; stderr: string }) => error);
  return { code: ended.code, stderr: ended.stderr.split("\n").filter((one) => !/^npm (error|warn|notice)/.test(one)).join("\n") };
}

describe("options that npm took", () => {
  it.each([
    ["npm run sweep --study=quick --jobs=2", "npm run sweep -- --study=quick --jobs=2"],
    ["npm run sweep --study quick", "npm run sweep -- --study quick"],
    ["npm run sweep --model='a b.gguf' -- --study quick", "npm run sweep -- --study quick --model='a b.gguf'"],
    ["npm run report --tokens -- --results x", "npm run report -- --results x --tokens"],
    ["npm run regress --fail-on-speed", "npm run regress -- --fail-on-speed"],
    ["npm run job --stall-limit=5 file.json", "npm run job -- file.json --stall-limit=5"],
    ["npm run fit --imatrix-chunks=5", "npm run fit -- --imatrix-chunks=5"],
    ["npm run bench harness --against=x", "npm run bench -- harness --against=x"],
    ["npm run make-model --params=1b x.gguf", "npm run make-model -- x.gguf --params=1b"],
    ["npm run patches check --release=b2329", "npm run patches -- check --release=b2329"],
    ["npm run sweep --study --model a b", "npm run sweep -- --study … --model …"],
  ])("%s", async (line, meant) => {
    const { code, stderr } = await says(line, await temporaryFolder());
    expect(code).toBe(1);
    expect(stderr).toContain(`those of a command stand behind --: ${meant}\n`);
  });

  it("are not npm's own", async () => {
    const { stderr } = await says("npm run sweep --silent --loglevel=error --only=prod -- --study nowhere", await temporaryFolder());
    expect(stderr).toMatch(/^error: study nowhere: there is no such file/m);
  });
});

describe("paths", () => {
  it.each([
    ["npm run sweep -- --model mine.gguf", /^error: .*mine\.gguf.* GGUF/m],
    ["npm run sweep -- --text ./mine.gguf", /^error: text \.\/mine\.gguf has a zero byte at 3/m],
    ["npm run sweep -- --study mine.yaml", /^error: mine\.yaml:2:8: cells must be a list/m],
    ["npm run sweep -- --study quick --out .", /^error: .*is not empty and holds no results \(it has mine\.gguf\)/m],
    ["npm run fit -- --model mine.gguf", /^error: .*mine\.gguf.* GGUF/m],
    ["npm run report -- --results .", /^error: .*holds no results/m],
    ["npm run compare -- . .", /^error: .*holds no results/m],
    ["npm run job -- mine.yaml", /^error: .*mine\.yaml/m],
    ["npm run regress -- --only likelihoods --model mine.gguf --out r", /^error: .*mine\.gguf.* GGUF/m],
  ])("of %s count from where npm was called", async (line, message) => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, "mine.yaml"), "name: s\ncells: []\n");
    await writeFile(path.join(folder, "mine.gguf"), "GGU\0\0\0\0\0");
    const { code, stderr } = await says(line, folder);
    expect(stderr).toMatch(message);
    expect(code).toBeGreaterThan(0);
  });
});

describe("what comes through a pipe", () => {
  it.each([
    ["npm run sweep -- --text <(printf short)", /^error: text \/dev\/fd\/\d+ has 5 bytes: too short/m],
    ["printf short | npm run sweep -- --text /dev/stdin", /^error: text \/dev\/stdin has 5 bytes: too short/m],
    ["npm run sweep -- --text /dev/stdin < short", /^error: text \/dev\/stdin has 5 bytes: too short/m],
    ["npm run sweep -- --text /dev/stdin <<< short", /^error: text \/dev\/stdin has 6 bytes: too short/m],
    ["npm run sweep -- --text <(printf 'a\\0b')", /^error: text \/dev\/fd\/\d+ has a zero byte at 1/m],
    ["npm run sweep -- --study <(printf 'name: s\\nchunks: x\\n')", /^error: \/dev\/fd\/\d+:2:9: chunks: "x" is not allowed/m],
    ["mkfifo pipe; printf short > pipe & sleep 0.2; npm run sweep -- --text pipe", /^error: text pipe has 5 bytes: too short/m],
    ["npm run sweep -- --text /dev/null", /^error: text \/dev\/null is a device/m],
    ["npm run sweep -- --text /dev/zero", /^error: text \/dev\/zero is a device/m],
    ["npm run sweep -- --model <(cat short)", /^error: model \/dev\/fd\/\d+ is no regular file/m],
    ["npm run sweep -- --text .", /^error: text \.: there is no such file/m],
  ])("%s", async (line, message) => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, "short"), "short");
    const { code, stderr } = await says(`export QUANTFLEX_CACHE=cache; ${line}`, folder);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});
