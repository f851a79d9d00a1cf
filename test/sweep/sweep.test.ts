import { readFile, readdir, rm, stat, writeFile, mkdir, cp } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import { sweep, type SweepRequest, type SweepResult } from "../../harness/sweep/sweep.ts";
import { cacheStore, resultsStore, stepFolder } from "../../harness/store/store.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { type Behaviour, fakeBuild, goodPerplexity } from "../support/fakeBuild.ts";
import { smallModel } from "../support/smallModel.ts";
import { temporaryFolder } from "../support/temporary.ts";

// What fake programs made is nobody else's.
beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

interface Lab {
  folder: string;
  out: string;
  events: SweepEvent[];
  /** With fake programs of this behaviour; null to leave those that there are. */
  run(request?: Partial<SweepRequest>, behaviour?: Behaviour | null, signal?: AbortSignal): Promise<SweepResult>;
  calls(): Promise<string[]>;
}

const cells = "  - { name: f16, type: F16 }\n  - { name: a, type: IQ4_NL }\n  - { name: b, type: Q4_1 }\n";

async function makeLab(): Promise<Lab> {
  const folder = await temporaryFolder();
  const [study, text, out, bin] = ["s.yaml", "text.txt", "out with space", "bin"].map((name) => path.join(folder, name)) as [string, string, string, string];
  await writeFile(study, `name: s\ncontext: 8\nbatch: 8\ncells:\n${cells}`);
  await writeFile(text, "Some words that are long enough for two contexts.\n");
  const events: SweepEvent[] = [];
  return {
    folder, out, events,
    async run(request = {}, behaviour = {}, signal = new AbortController().signal) {
      const build = behaviour && (await fakeBuild(bin, behaviour));
      return sweep({ study, model: await smallModel(), text, out, threads: 1, ...(build && { build }), ...request }, (event) => events.push(event), signal);
    },
    async calls() {
      const both = await Promise.all(["llama-quantize", "llama-perplexity"].map((name) => readFile(path.join(bin, `${name}.calls`), "utf8").catch(() => "")));
      return both.join("").split("\n").filter(Boolean);
    },
  };
}

async function folderOf(lab: Lab, name: string, step = "evaluate"): Promise<string> {
  const steps = (await readPlan(lab.out))?.cells.find(({ cell }) => cell.name === name)?.steps;
  return stepFolder(resultsStore(lab.out), step, steps?.find((one) => one.step === step)?.key ?? "");
}

/** What is left of cells that are not finished. */
async function leftOvers(lab: Lab): Promise<string[]> {
  const folders = [path.join(process.env["QUANTFLEX_CACHE"]!, "scratch"), path.join(cacheStore(), "claims"), path.join(resultsStore(lab.out), "claims")];
  return (await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))).flat();
}

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
    const result = await lab.run({}, { quantize: 'if [ "$type" = IQ4_NL ]; then echo "out of paper" >&2; exit 3; fi; cp "$model" "$quantized"' });
    expect(result.computed).toEqual(["f16", "b"]);
    expect(result.failed).toEqual([{ name: "a", reason: "llama-quantize ended with exit code 3: out of paper" }]);
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

  it("removes what a killed sweep of this host left behind, and leaves alone what others make", async () => {
    const lab = await makeLab();
    const { stdout: dead } = await run(process.execPath, ["-e", "process.stdout.write(String(process.pid))"]);
    const scratch = path.join(process.env["QUANTFLEX_CACHE"]!, "scratch");
    const [mine, elsewhere] = [`job-${hostname()}-${dead}-abcdef`, `job-another-host-${dead}-abcdef`];
    for (const name of [mine, elsewhere]) await mkdir(path.join(scratch, name), { recursive: true });
    await lab.run({ only: "f16" });
    expect(await readdir(scratch)).toEqual([elsewhere]);
    await rm(path.join(scratch, elsewhere), { recursive: true });
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
    await writeFile(other, `name: t\ncontext: 8\nbatch: 8\ncells:\n${cells}  - { name: c, type: Q4_1 }\n`);
    expect(await lab.run({ study: other })).toMatchObject({ computed: [], stored: ["f16", "a", "b", "c"] });
    expect(await lab.calls()).toHaveLength(5);
  });

  it("says what it does", async () => {
    const lab = await makeLab();
    await lab.run();
    expect(lab.events.filter(({ kind }) => kind === "plan" || kind === "done")).toEqual([
      { kind: "plan", cells: ["f16", "a", "b"].map((name) => ({ name, stored: false })) },
      ...["f16", "a", "b"].map((name, index) => ({ kind: "done", name, position: `${index + 1} of 3`, outcome: "computed", text: "perplexity 12.1825 ± 2.72409, 2 chunks" })),
    ]);
    expect(lab.events).toContainEqual({ kind: "cell", name: "a", position: "2 of 3", step: "evaluate", text: "chunk 2 of 2", fraction: 1 });
  });
});

describe("inputs are checked before anything runs", () => {
  const cases: [string, (lab: Lab) => Promise<Partial<SweepRequest>>, RegExp][] = [
    ["no model", async () => ({ model: "/nowhere/m.gguf" }), /nowhere\/m\.gguf.*no such file/],
    ["not a GGUF", async ({ folder }) => ({ model: await put(folder, "m.gguf", "not a model at all, just text") }), /m\.gguf.*GGUF/],
    ["a truncated GGUF", async ({ folder }) => ({ model: await put(folder, "m.gguf", (await readFile(demoModel)).subarray(0, 1_500_000)) }), /m\.gguf.*truncated/],
    ["no text", async () => ({ text: "/nowhere/t.txt" }), /nowhere\/t\.txt.*no such file/],
    ["an empty text", async ({ folder }) => ({ text: await put(folder, "t.txt", "") }), /t\.txt is empty/],
    ["a text that is not UTF-8", async ({ folder }) => ({ text: await put(folder, "t.txt", Buffer.from([65, 66, 0xff, 67])) }), /t\.txt is not UTF-8/],
    ["a text in UTF-16 without a mark", async ({ folder }) => ({ text: await put(folder, "t.txt", Buffer.from("long enough for two contexts", "utf16le")) }), /t\.txt has a zero byte at 1: it may be UTF-16/],
    ["a text with a byte-order mark", async ({ folder }) => ({ text: await put(folder, "t.txt", "\ufefflong enough for two contexts") }), /t\.txt begins with a byte-order mark/],
    ["a weight that is NaN", async ({ folder }) => ({ model: await put(folder, "m.gguf", await withWeight(0x7e00)) }), /m\.gguf: weight 12345 of tensor token_embd\.weight is NaN/],
    ["a weight that is infinite", async ({ folder }) => ({ model: await put(folder, "m.gguf", await withWeight(0xfc00)) }), /weight 12345 of tensor token_embd\.weight is Inf/],
    ["a text that ends within a character", async ({ folder }) => ({ text: await put(folder, "t.txt", Buffer.from([65, 66, 0xc3])) }), /t\.txt is not UTF-8/],
    ["a text shorter than one context", async ({ folder }) => ({ text: await put(folder, "t.txt", "short") }), /t\.txt has 5 bytes: too short.*16 tokens with a context of 8/],
    ["no study", async () => ({ study: "nowhere.yaml" }), /nowhere\.yaml: there is no such file/],
    ["a pattern without cells", async () => ({ only: "q9*" }), /--only q9\* matches no cell; the study has: f16, a, b/],
    ["a results folder that is a file", async ({ folder }) => ({ out: await put(folder, "file", "x") }), /file cannot be written/],
    ["a results folder with other things in it", async ({ folder }) => ({ out: path.dirname(await put(folder, "full/thing.txt", "x")) }), /full is not empty and holds no results \(it has thing\.txt\)/],
  ];
  it.each(cases)("%s", async (_what, request, message) => {
    const lab = await makeLab();
    await expect(lab.run(await request(lab))).rejects.toThrow(message);
    expect(await lab.calls()).toEqual([]);
  });

  it("the results of another model", async () => {
    const lab = await makeLab();
    await lab.run({ only: "f16" });
    const model = path.join(lab.folder, "other.gguf");
    await cp(await smallModel(), model);
    const bytes = await readFile(model);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(model, bytes);
    await expect(lab.run({ model })).rejects.toThrow(/holds results of model .*small-f16\.gguf/);
  });
});

/** The demo model with one half-precision weight replaced. */
async function withWeight(bits: number): Promise<Buffer> {
  const [gguf, bytes] = [await readGguf(demoModel), await readFile(demoModel)];
  const { offset } = gguf.tensors.find(({ name }) => name === "token_embd.weight")!;
  bytes.writeUInt16LE(bits, gguf.dataOffset + offset + 2 * 12345);
  return bytes;
}

async function put(folder: string, name: string, content: string | Buffer): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

describe("inputs that change while a sweep runs", () => {
  it.each([
    ["a model that is replaced", "model.gguf", `mv "$0.other" "$model"`],
    ["a model that is replaced and put back", "model.gguf", `mv "$model" "$0.own"; mv "$0.other" "$model"; mv "$0.own" "$model"`],
    ["a model that is written to", "model.gguf", `printf x >> "$model"`],
  ])("%s: nothing that was computed from it is kept", async (_what, name, change) => {
    const lab = await makeLab();
    const model = path.join(lab.folder, name);
    await cp(demoModel, model);
    await cp(demoModel, path.join(lab.folder, "bin", "llama-quantize.other"));
    const { failed, computed } = await lab.run({ model, only: "a" }, { quantize: `cp "$model" "$quantized"\n${change}` });
    expect(computed).toEqual([]);
    expect(failed[0]?.reason).toMatch(/the model .*model\.gguf was changed or replaced while the sweep ran/);
    expect(await readdir(path.join(resultsStore(lab.out), "evaluate")).catch(() => [])).toEqual([]);
  });

  it("a text that is written to", async () => {
    const lab = await makeLab();
    const { failed } = await lab.run({ only: "f16" }, { perplexity: `${goodPerplexity}\necho more >> ${path.join(lab.folder, "text.txt")}` });
    expect(failed[0]?.reason).toMatch(/the text .*text\.txt was changed/);
    const kept = await readdir(path.join(resultsStore(lab.out), "evaluate", "growing"));
    expect(kept).toEqual([]);
  });
});
