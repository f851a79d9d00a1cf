import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import { cacheStore, resultsStore } from "../../harness/store/store.ts";
import { endedName } from "../support/endedName.ts";
import { fakeBuild, goodPerplexity } from "../support/fakeBuild.ts";
import { folderOf, labCells, leftOvers, makeLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

// What fake programs made is nobody else's.
beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

async function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}

describe("a sweep", () => {
  it("computes every cell, and a second one nothing", async () => {
    const lab = await makeLab();
    expect(await lab.run()).toMatchObject({ computed: ["f16", "a", "b"], stored: [], failed: [] });
    const calls = await lab.calls();
    // f16 is the model itself: nothing is quantized for it.
    expect(calls).toHaveLength(5);
    expect(await lab.run()).toMatchObject({ computed: [], stored: ["f16", "a", "b"], failed: [] });
    expect(await lab.calls()).toEqual(calls);
    expect(await leftOvers(lab)).toEqual([]);
  });

  it("goes on after a failed cell, keeps the reason, and runs only that cell again", async () => {
    const lab = await makeLab();
    const result = await lab.run({}, { quantize: 'if [ "$type" = IQ4_NL ]; then echo "out of paper" >&2; exit 3; fi; cp "$made" "$quantized"' });
    expect(result.computed).toEqual(["f16", "b"]);
    const log = path.join(await folderOf(lab, "a", "quantize"), "llama-quantize.log");
    expect(result.failed).toEqual([{ name: "a", reason: "llama-quantize ended with exit code 3: out of paper", log }]);
    expect(await readFile(log, "utf8")).toContain("out of paper");
    await writeReports(await loadResults(lab.out));
    const rows = (await readFile(path.join(lab.out, "cells.csv"), "utf8")).split("\n");
    expect(rows[2]).toMatch(/^a,IQ4_NL,upstream,exact,native,,,,,,,,,,,false,,,,,,,,,,,,,,,failed: llama-quantize ended with exit code 3: out of paper,*$/);
    expect(await lab.run()).toMatchObject({ computed: ["a"], stored: ["f16", "b"], failed: [] });
  });

  const bad: [string, string, RegExp][] = [
    ["no final estimate", goodPerplexity.replace(/.*Final.*/, ""), /0 final estimates/],
    ["a final estimate that is nan", goodPerplexity.replace("12.1825 +/-", "nan +/-"), /nan/],
    ["a chunk that is nan", goodPerplexity.replace("[2]12.1825", "[2]nan"), /nan/],
    ["a chunk too few", goodPerplexity.replace(/.*\[2\].*/, ""), /1 chunks/],
    ["two final estimates", goodPerplexity + goodPerplexity.split("\n").find((line) => line.includes("Final")), /2 final estimates/],
    ["no output", "", /no result/],
    ["a crash", "echo oops >&2; kill -SEGV $$", /SIGSEGV.*oops/],
    ["no base patches", goodPerplexity.replace(/.*base64.*/, ""), /without the base patches/],
    ["other likelihoods than its frames", goodPerplexity.replace("nll 3.0", "nll 3.1"), /printed 3\.1 as the nll of chunk 2/],
    ["an estimate that contradicts its chunks", goodPerplexity.replace("PPL = 12.1825", "PPL = 12.1835"), /printed 12\.1835 as perplexity/],
  ];
  it.each(bad)("does not take %s for a result", async (_what, perplexity, reason) => {
    const lab = await makeLab();
    const result = await lab.run({ only: "a" }, { perplexity: `echo "a printed line"\n${perplexity}` });
    expect(result.computed).toEqual([]);
    expect(result.failed[0]?.reason).toMatch(reason);
    // What it wrote beside is not taken for one either.
    expect((await lab.run({ only: "a" }, { perplexity: `echo "a printed line"\n${perplexity}` })).failed[0]?.reason).toMatch(reason);
    expect(await readFile(path.join(await folderOf(lab, "a"), "llama-perplexity.log"), "utf8")).toContain("a printed line");
  });

  it("does not take more chunks than asked for", async () => {
    const result = await (await makeLab()).run({ only: "a", chunks: 1 });
    expect(result.failed[0]?.reason).toMatch(/2 chunks/);
  });

  it("fails a counted cell when the program wrote no histogram", async () => {
    const lab = await makeLab();
    await writeFile(path.join(lab.folder, "q.yaml"), "name: s\ncontext: 8\nbatch: 8\ncells: [{ name: q, type: Q4_0 }]\n");
    const result = await lab.run({ study: path.join(lab.folder, "q.yaml") });
    expect(result.failed[0]?.reason).toMatch(/wrote no histogram/);
  });

  it("stops at once when the text has too few tokens", async () => {
    const lab = await makeLab();
    const perplexity = "echo 'E perplexity: the data file you provided tokenizes to only 13 tokens' >&2";
    await expect(lab.run({}, { perplexity })).rejects.toThrow(/only 13 tokens.*at least 16 with a context of 8/);
    expect(await lab.calls()).toHaveLength(1);
  });

  it("gives each cell its own environment", async () => {
    const lab = await makeLab();
    process.env["PABLO_CONF"] = "/stray/pablo.conf";
    process.env["LLAMA_ARG_CTX_SIZE"] = "64";
    try {
      const quantize = 'echo "${PABLO_CONF-none} ${LLAMA_ARG_CTX_SIZE-none}" >&2; exit 1';
      const { failed } = await lab.run({ only: "a" }, { quantize });
      expect(failed[0]?.reason).toMatch(/: none none$/);
    } finally {
      delete process.env["PABLO_CONF"];
      delete process.env["LLAMA_ARG_CTX_SIZE"];
    }
  });

  it("keeps the records of other parameters, and quantizes nothing again for them", async () => {
    const lab = await makeLab();
    await lab.run();
    expect(await lab.run({ only: "a", chunks: 1 })).toMatchObject({ computed: ["a"] });
    expect(await lab.run()).toMatchObject({ computed: [], stored: ["f16", "a", "b"] });
    expect(await lab.run({ chunks: 1 })).toMatchObject({ computed: ["f16", "b"], stored: ["a"] });
    expect(await lab.run({ threads: 2 })).toMatchObject({ computed: [], stored: ["f16", "a", "b"] });
    expect(await lab.calls()).toHaveLength(5);
  });

  it("computes a cell again whose record was overwritten", async () => {
    const lab = await makeLab();
    await lab.run();
    const file = path.join(await folderOf(lab, "a"), "record.json");
    const bytes = await readFile(file);
    bytes.write("999", bytes.indexOf('"ppl": ') + 7);
    await writeFile(file, bytes);
    expect(await lab.run()).toMatchObject({ computed: ["a"], stored: ["f16", "b"] });
    expect(await lab.run()).toMatchObject({ computed: [], stored: ["f16", "a", "b"] });
  });

  it("leaves no trace of a cell under way when it is stopped, and all finished ones", async () => {
    const lab = await makeLab();
    const stop = new AbortController();
    const hang = `if grep -q quantized "$0.calls"; then touch ${path.join(lab.folder, "hanging")}; sleep 300 & wait; fi\n${goodPerplexity}`;
    const running = lab.run({}, { perplexity: hang }, stop.signal);
    while (!(await exists(path.join(lab.folder, "hanging")))) await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(await leftOvers(lab)).toEqual([]);
    const kept = await readdir(path.join(resultsStore(lab.out), "evaluate"));
    expect(kept.filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(1);
    expect(await lab.run()).toMatchObject({ computed: ["a", "b"], stored: ["f16"] });
  });

  it("removes what a killed sweep of this machine left behind, and leaves alone what others make", async () => {
    const lab = await makeLab();
    const scratch = path.join(process.env["QUANTFLEX_CACHE"]!, "scratch");
    const [mine, elsewhere] = [`job-${await endedName()}-abcdef`, "job-another-host-7-abcdef"];
    for (const name of [mine, elsewhere]) await mkdir(path.join(scratch, name), { recursive: true });
    await lab.run({ only: "f16" });
    expect(await readdir(scratch)).toEqual([elsewhere]);
    await rm(path.join(scratch, elsewhere), { recursive: true });
  });

  it("takes nothing from a quantized file that was made again as another one", async () => {
    const lab = await makeLab();
    await lab.run({ only: "a" });
    await rm(path.join(cacheStore(), "large"), { recursive: true });
    for (const step of ["count", "compress", "evaluate"]) await rm(path.join(resultsStore(lab.out), step), { recursive: true });
    const { failed } = await lab.run({ only: "a" }, { quantize: 'cp "$made" "$quantized"; printf 1 | dd of="$quantized" bs=1 seek=$(($(wc -c < "$quantized") - 1)) conv=notrunc' });
    expect(failed[0]?.reason).toMatch(/quantize made another quantized from the same inputs/);
    const records = ["count", "compress", "evaluate"].map(async (step) => exists(path.join(await folderOf(lab, "a", step), "record.json")));
    expect(await Promise.all(records)).toEqual([false, false, false]);
    expect(await readdir(path.join(cacheStore(), "large")).catch(() => [])).toEqual([]);
  });

  it("shares the work with another sweep of the same folder: each step is run once", async () => {
    const lab = await makeLab();
    const build = await fakeBuild(path.join(lab.folder, "bin"));
    const results = await Promise.all([1, 2, 3].map(() => lab.run({ build }, null)));
    for (const { computed, stored, failed } of results) {
      expect(failed).toEqual([]);
      expect([...computed, ...stored].sort()).toEqual(["a", "b", "f16"]);
    }
    expect(await lab.calls()).toHaveLength(5);
  });

  it("takes another study of the same model into the same folder, and quantizes what both have once", async () => {
    const lab = await makeLab();
    await lab.run();
    const other = path.join(lab.folder, "t.yaml");
    await writeFile(other, `name: t\ncontext: 8\nbatch: 8\ncells:\n${labCells}  - { name: c, type: Q4_1 }\n`);
    expect(await lab.run({ study: other })).toMatchObject({ computed: [], stored: ["f16", "a", "b", "c"] });
    expect(await lab.calls()).toHaveLength(5);
  });

  it("says what it does", async () => {
    const lab = await makeLab();
    await lab.run();
    expect(lab.events.filter(({ kind }) => kind === "plan" || kind === "done")).toEqual([
      { kind: "plan", results: lab.out, cells: ["f16", "a", "b"].map((name) => ({ name, stored: false })) },
      ...["f16", "a", "b"].map((name, index) => ({ kind: "done", name, position: `${index + 1} of 3`, outcome: "computed", text: "perplexity 12.1825 ± 2.72409, 2 chunks" })),
    ]);
    expect(lab.events).toContainEqual({ kind: "cell", name: "a", position: "2 of 3", step: "evaluate", text: "chunk 2 of 2", fraction: 1 });
  });
});
