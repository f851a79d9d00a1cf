import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../harness/cli.ts";
import { demoModel } from "../harness/paths.ts";
import { fakeBuild, goodPerplexity, type Behaviour } from "./support/fakeBuild.ts";
import { startScript } from "./support/cli.ts";
import { smallModel } from "./support/smallModel.ts";
import { temporaryFolder } from "./support/temporary.ts";

let stdout = "";
let stderr = "";

beforeEach(() => {
  stdout = stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => void vi.restoreAllMocks());

async function sweepWith(behaviour: Behaviour, ...more: string[]): Promise<{ code: number; out: string }> {
  const folder = await temporaryFolder();
  const [study, text, out] = ["s.yaml", "t.txt", "out"].map((name) => path.join(folder, name)) as [string, string, string];
  await writeFile(study, "name: s\ncontext: 8\nbatch: 8\ncells:\n  - { name: a, type: IQ4_NL }\n  - { name: b, type: Q4_1 }\n");
  await writeFile(text, "Some words that are long enough.\n");
  const build = await fakeBuild(path.join(folder, "bin"), behaviour);
  return { code: await main(["sweep", "--study", study, "--model", await smallModel(), "--text", text, "--out", out, "--threads", "1", ...more], { build }), out };
}

describe("sweep", () => {
  it("says what it does, and ends with the table and every file written", async () => {
    const { code, out } = await sweepWith({});
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cell 1 of 2: a: evaluate 0 %, loading$[^]*^cell 1 of 2: a: perplexity 12\.1825 ± 2\.72409, 2 chunks$/m);
    expect(stdout).toMatch(/^a +4\.50 +12\.1825 +2\.7241 +\d* +ok$/m);
    const written = [...stdout.matchAll(/^wrote (.*)$/gm)].map(([, file]) => file);
    expect(written).toContain(path.join(out, "cells.csv"));
    for (const file of written) expect((await readFile(file!, "utf8")).length).toBeGreaterThan(0);
    expect(JSON.parse(await readFile(path.join(out, "manifest.json"), "utf8"))).toMatchObject({ argv: expect.arrayContaining(["sweep", "--threads", "1"]) as unknown });
  });

  it("fails at the end when a cell failed, with everything else done", async () => {
    const { code } = await sweepWith({ quantize: '[ "$type" = Q4_1 ] || { echo no >&2; exit 1; }; cp "$made" "$quantized"' });
    expect(code).toBe(3);
    const [, log = ""] = /^error: cell a failed: llama-quantize ended with exit code 1: no \(all that it wrote: (.*)\)\n$/.exec(stderr) ?? [];
    expect(await readFile(log, "utf8")).toBe("\n--- stderr ---\nno\n");
    expect(stdout).toMatch(/^b .* ok$/m);
  });

  it("ends with 130 after Ctrl-C", async () => {
    const running = sweepWith({ perplexity: `sleep 300\n${goodPerplexity}` });
    while (!stdout.includes("evaluate 0 %")) await new Promise((resolve) => setTimeout(resolve, 20));
    process.emit("SIGINT");
    expect((await running).code).toBe(130);
    expect(stderr).toBe("interrupted\n");
  });

  it("makes its tables again from the records", async () => {
    const { out } = await sweepWith({});
    const before = await readFile(path.join(out, "cells.csv"), "utf8");
    await writeFile(path.join(out, "cells.csv"), "lost");
    expect(await main(["report", "--results", out])).toBe(0);
    expect(await readFile(path.join(out, "cells.csv"), "utf8")).toBe(before);
  });

  it("has nothing to report where nothing was run", async () => {
    expect(await main(["report", "--results", await temporaryFolder()])).toBe(1);
    expect(stderr).toMatch(/holds no results; run npm run sweep first/);
  });

  const faults: [string, string[], RegExp][] = [
    ["an unknown option", ["sweep", "--modle", "x"], /unknown option '--modle'[\s\S]*--model/],
    ["an argument", ["sweep", "thesis"], /too many arguments/],
    ["chunks 0", ["sweep", "--chunks", "0"], /'--chunks <n>' argument '0' is invalid. Allowed: a whole number from 1/],
    ["threads 1.5", ["sweep", "--threads", "1.5"], /'--threads <n>' argument '1.5' is invalid/],
    ["an unknown command", ["swep"], /unknown command 'swep'/],
    ["a study that is not there", ["sweep", "--study", "nowhere.yaml"], /error: study nowhere\.yaml: there is no such file, and no study by that name in studies\/, which has: .*quick, /],
    ["a model that is not there", ["sweep", "--model", "nowhere.gguf"], /error: model nowhere\.gguf: there is no such file/],
    ["a text instead of a model", ["sweep", "--model", "package.json"], /package\.json.*GGUF/],
    ["a model instead of a text", ["sweep", "--text", demoModel], /sotu-1m-f16\.gguf has a zero byte at 5: it may be UTF-16 or no text/],
  ];
  it.each(faults)("refuses %s", async (_what, argv, message) => {
    expect(await main(argv)).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});

/** Options that are numbers, with what they must be. */
const numbers: [string, string[], string][] = [
  ["sweep", ["--threads", "--jobs"], "from 1 to 512"],
  ["sweep", ["--chunks"], "from 1 to 10000000"],
  ["sweep", ["--stall-limit"], "from 0 to 43200"],
  ["job", ["--stall-limit"], "from 0 to 43200"],
  ["fit", ["--threads"], "from 1 to 512"],
  ["fit", ["--imatrix-chunks"], "from 1 to 10000000"],
  ["regress", ["--threads"], "from 1 to 512"],
  ["regress", ["--stall-limit"], "from 0 to 43200"],
  ["bench", ["--threads"], "from 1 to 512"],
  ["bench", ["--repeats"], "from 1 to 10000"],
  ["bench harness", ["--threads"], "from 1 to 512"],
  ["bench harness", ["--repeats"], "from 1 to 10000"],
];

it.each(numbers.flatMap(([command, options, allowed]) => options.map((option) => [command, option, allowed] as const)))("%s %s is a number within limits", async (command, option, allowed) => {
  for (const value of ["-1", "1.5", "NaN", "Infinity", "1e3", "0x10", "", " ", "١", "100000000", "9".repeat(400), ...(allowed.includes("from 1") ? ["0"] : [])]) {
    stderr = "";
    expect(await main([...command.split(" "), option, value])).not.toBe(0);
    expect(stderr, value).toContain(`argument '${value}' is invalid. Allowed: a whole number ${allowed}.`);
  }
});

it("npm run sweep -- --help answers", async () => {
  const { code, stdout: help } = await startScript("sweep.ts", ["--help"]).ended;
  expect(code).toBe(0);
  for (const option of ["--study", "--model", "--text", "--chunks", "--threads", "--only", "--out", "--jobs"]) expect(help).toContain(option);
});
