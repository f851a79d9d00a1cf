import { spawn } from "node:child_process";
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Build, ensureBuild } from "../../harness/build/build.ts";
import { parsePerplexity } from "../../harness/parse/perplexity.ts";
import { demoModel } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { loadResults } from "../../harness/report/load.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { resultsStore, stepFolder } from "../../harness/store/store.ts";
import { ensureDemoText } from "../../harness/sweep/knownTexts.ts";
import { sweep, type SweepResult } from "../../harness/sweep/sweep.ts";
import { startScript } from "../support/cli.ts";
import { itOnStories, stories } from "../support/stories.ts";
import { temporaryFolder } from "../support/temporary.ts";

const never = new AbortController().signal;
const few = { study: "thesis", chunks: 4 };

function quietSweep(request: Parameters<typeof sweep>[0]): Promise<SweepResult> {
  return sweep(request, () => undefined, never);
}

let build: Build;
beforeAll(async () => void (build = await ensureBuild("patched")));

describe("Ctrl-C", () => {
  it("ends the sweep with 130, leaves no process and no half result, and the next sweep goes on", async () => {
    const out = await temporaryFolder();
    const { child, ended, said } = startScript("sweep.ts", ["--out", out, "--only", "q4_0,q8_0,iq4_nl", "--chunks", "40"]);
    await said("cell 2 of 3");
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(stderr).toBe("interrupted\n");
    expect(code).toBe(130);
    expect((await readdir(out)).filter((name) => name !== "report.html")).toEqual(["store"]);
    expect(await commandLinesWith(out)).toEqual([]);
    const next = await quietSweep({ study: "thesis", out, only: "q4_0,q8_0,iq4_nl", chunks: 40 });
    expect(next.stored).toContain("q4_0");
    expect(next.failed).toEqual([]);
    expect([...next.stored, ...next.computed].sort()).toEqual(["iq4_nl", "q4_0", "q8_0"]);
  });

  it("kill -9 leaves nothing that is ever read", async () => {
    const out = await temporaryFolder();
    const { child, ended, said } = startScript("sweep.ts", ["--out", out, "--only", "q4_0,q8_0", "--chunks", "40"]);
    await said("q8_0: evaluate");
    child.kill("SIGKILL");
    await ended;
    const next = await quietSweep({ study: "thesis", out, only: "q4_0,q8_0", chunks: 40 });
    expect(next.failed).toEqual([]);
    expect((await readdir(out)).filter((name) => name !== "report.html")).toEqual(["store"]);
  });
});

it("a second sweep computes nothing and changes no record; a corrupt record is computed again", async () => {
  const out = await temporaryFolder();
  const request = { ...few, out, only: "f16,q4_0,q8_0-own-balanced" };
  expect((await quietSweep(request)).computed).toHaveLength(3);
  const [first] = (await loadResults(out)).cells;
  const file = path.join(stepFolder(resultsStore(out), "evaluate", first!.record!.steps.get("evaluate")!.key), "record.json");
  const { mtimeMs } = await stat(file);
  expect(await quietSweep(request)).toMatchObject({ computed: [], failed: [] });
  expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  const bytes = await readFile(file);
  bytes.write("xyz", bytes.length >> 1);
  await writeFile(file, bytes);
  expect((await quietSweep(request)).computed).toEqual(["f16"]);
});

itOnStories("a tensor that cannot be quantized is reported, and the study goes on", async () => {
  const out = await temporaryFolder();
  const result = await quietSweep({ ...few, ...stories, out });
  expect(result.failed).toEqual([]);
  const record = (await loadResults(out)).cells.find(({ cell }) => cell.name === "q8_0-own-basic")?.record;
  expect(record?.tensors.filter(({ fallback }) => fallback).map(({ name, type }) => `${name} ${type}`)).toEqual(
    [0, 1, 2, 3, 4].map((layer) => `blk.${layer}.ffn_down.weight F16`),
  );
});

describe("on a busy machine", () => {
  beforeEach(() => {
    const busy = [1, 2].map(() => spawn(process.execPath, ["-e", "for (;;);"]));
    onTestFinished(() => busy.forEach((process) => process.kill("SIGKILL")));
  });

  it("sweeps in a row lose no result", async () => {
    const perplexities = new Set<string>();
    for (let round = 1; round <= 4; round++) {
      const out = await temporaryFolder();
      const result = await quietSweep({ ...few, out, only: "f16,q4_0-own-r1" });
      expect(result.failed, `round ${round}`).toEqual([]);
      const { cells } = await loadResults(out);
      perplexities.add(JSON.stringify(cells.map(({ record }) => record?.perplexity)));
    }
    expect(perplexities.size).toBe(1);
  });

  it("60 programs in a row lose nothing of what they print", async () => {
    const text = await ensureDemoText();
    const argumentList = ["-m", demoModel, "-f", text, "-c", "32", "-b", "128", "-ub", "128", "--chunks", "4", "-t", "2", "--device", "none"];
    const printed = new Set<string>();
    for (let round = 1; round <= 60; round++) {
      const found = parsePerplexity(await run(build.binary("llama-perplexity"), argumentList, { env: childEnvironment(null) }), 4);
      printed.add(JSON.stringify([found.ppl, found.pplError, found.chunkNll]));
    }
    expect(printed.size).toBe(1);
  });
});

/** Command lines of running processes that name a folder; empty where /proc is not there. */
async function commandLinesWith(folder: string): Promise<string[]> {
  const ids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    ids.map(async (id) => `${await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")} ${await readFile(`/proc/${id}/environ`, "utf8").catch(() => "")}`),
  );
  return lines.filter((line) => line.includes(folder));
}
