import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import { pairedDifference } from "../../harness/analysis/statistics.ts";
import { loadResults, type Measured, measured, type Results } from "../../harness/report/load.ts";
import type { StepRecord } from "../../harness/store/record.ts";
import { cacheStore, readRecord } from "../../harness/store/store.ts";
import { bitsPerWeight } from "../../harness/steps/sizes.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { itOnStories, stories } from "../support/stories.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

const never = new AbortController().signal;

let folder = "";
beforeAll(async () => {
  await ensureBuild("patched");
  folder = await lastingTemporaryFolder();
});

async function answers(name: string, request: Partial<SweepRequest>): Promise<(cell: string) => Measured> {
  const out = path.join(folder, name);
  // Cells side by side with one thread each: threads that wait for each other lose a busy machine's time.
  const { failed } = await sweep({ study: "answers", out, threads: 1, jobs: 2, ...request }, () => undefined, never);
  expect(failed).toEqual([]);
  const results: Results = await loadResults(out);
  return (cell) => {
    const found = measured(results).find((one) => one.cell.name === cell);
    if (!found) throw new Error(`cell ${cell} was not measured`);
    return found;
  };
}

const kld = ({ record }: Measured): number => record.divergence!.mean;
const bits = ({ cell, record }: Measured): number => bitsPerWeight(record.file.bytes, record.tensors, cell.type).quantized!;

function expectBetter(better: Measured, worse: Measured): void {
  const { mean, standardError } = pairedDifference(worse.record.divergence!.chunks, better.record.divergence!.chunks)!;
  expect(mean / standardError, `${better.cell.name} ${kld(better)} against ${worse.cell.name} ${kld(worse)}`).toBeLessThan(-2);
}

describe("on the demo model", () => {
  let cell: (name: string) => Measured;
  beforeAll(async () => {
    cell = await answers("demo", { model: "sotu-1m", chunks: 24, only: "f16,q4_1,iq4_nl,iq4_nl-imatrix,q8_0-own-*,balanced-packed,fitted-absmax,fitted-model,fitted-kind,fitted-model-imatrix" });
  });

  it("a fitted table at 4.5 bits per weight beats IQ4_NL of the same size, and Q4_1 of 5.0", () => {
    expect(bits(cell("fitted-model"))).toBe(4.5);
    expect(bits(cell("iq4_nl"))).toBe(4.5);
    expect(bits(cell("q4_1"))).toBe(5);
    expectBetter(cell("fitted-model"), cell("iq4_nl"));
    expectBetter(cell("fitted-model"), cell("q4_1"));
  });

  it("tables of their own for the kinds of tensors are each used where they belong", () => {
    expectBetter(cell("fitted-kind"), cell("q4_1"));
  });

  it("the searched scale is what it needs: with the thesis's scale it does not", () => {
    expect(kld(cell("fitted-absmax"))).toBeGreaterThan(kld(cell("iq4_nl")));
  });

  it("exactly decoded, balanced beats basic by far, and packed they are the same", () => {
    const ppl = (name: string): number => cell(name).record.perplexity.ppl;
    expect(ppl("q8_0-own-balanced")).toBeLessThan(ppl("q8_0-own-basic") / 1000);
    expect(ppl("balanced-packed") / ppl("q8_0-own-balanced")).toBeCloseTo(1, 3);
    expect(bits(cell("q8_0-own-balanced"))).toBe(8.5);
    expect(bits(cell("balanced-packed"))).toBe(4.5);
  });

  it("a table fitted by one text's importance is as good on another text", async () => {
    const { record, cell: fitted } = cell("fitted-model-imatrix");
    expect(fitted.fit).toMatchObject({ weights: "imatrix", method: "joint" });
    const input = (of: StepRecord | null | undefined, role: string): string => of!.inputs.inputs[role]!;
    const trained = await readRecord(cacheStore(), "imatrix", input(record.steps.get("quantize"), "imatrix"));
    const compared = await readRecord(cacheStore(), "reference", input(record.steps.get("evaluate"), "reference"));
    expect(input(trained, "training")).not.toBe(input(compared, "text"));
    expectBetter(cell("fitted-model-imatrix"), cell("iq4_nl"));
    expect(kld(cell("fitted-model-imatrix"))).toBeLessThan(kld(cell("iq4_nl-imatrix")));
  });

  it("the model itself diverges from itself by nothing", () => expect(Math.abs(kld(cell("f16")))).toBeLessThan(1e-5));
});

describe("on prose-7m, whose rows every type can hold, with codes chosen by what they do to outputs", () => {
  let cell: (name: string) => Measured;
  beforeAll(async () => {
    cell = await answers("prose", { chunks: 24, only: "f16,iq4_nl-imatrix,q4_k_s-imatrix,q4_k_s-mixture-imatrix,q4_k_m-mixture-imatrix,q4_0-feedback,iq4_nl-feedback,recipe-q6k-output" });
  });

  it("a plain Q4_0 file beats IQ4_NL with an importance matrix of the same text", () => expectBetter(cell("q4_0-feedback"), cell("iq4_nl-imatrix")));

  it("a plain IQ4_NL file beats Q4_K_S of the same size, and its mixture of more", () => {
    expect([bits(cell("iq4_nl-feedback")), bits(cell("q4_k_s-imatrix"))]).toEqual([4.5, 4.5]);
    expectBetter(cell("iq4_nl-feedback"), cell("q4_k_s-imatrix"));
    expect(bits(cell("q4_k_s-mixture-imatrix"))).toBeGreaterThan(4.8);
    expectBetter(cell("iq4_nl-feedback"), cell("q4_k_s-mixture-imatrix"));
  });

  it("with an output matrix in Q6_K it beats the mixture Q4_K_M in fewer bytes, of upstream's types alone", () => {
    const [recipe, mixture] = [cell("recipe-q6k-output"), cell("q4_k_m-mixture-imatrix")];
    expect(recipe.record.file.bytes).toBeLessThan(mixture.record.file.bytes);
    expect(kld(recipe) / kld(mixture)).toBeLessThan(0.8);
    expect(new Map(recipe.record.tensors.map(({ name, type }) => [name, type])).get("output.weight")).toBe("Q6_K");
    expect(recipe.record.rounded).toEqual({ "token_embd.weight": "no moments", "output.weight": "type q6_K, by importance" });
  });
});

describe("on a model trained elsewhere", () => {
  itOnStories("a fitted table beats IQ4_NL and Q4_1", async () => {
    const cell = await answers("stories", {
      ...stories,
      chunks: 16,
      only: "f16,q4_1,iq4_nl,q8_0-own-basic,q8_0-own-balanced,fitted-model",
    });
    expectBetter(cell("fitted-model"), cell("iq4_nl"));
    expectBetter(cell("fitted-model"), cell("q4_1"));
    expect(cell("q8_0-own-balanced").record.perplexity.ppl).toBeLessThan(cell("q8_0-own-basic").record.perplexity.ppl / 10);
    // ffn_down's rows of 172 weights stay F16 in every cell, so that all are compared on the same ground.
    const kept = (name: string): string[] => cell(name).record.tensors.filter(({ fallback }) => fallback).map((tensor) => tensor.name);
    expect(kept("fitted-model")).toHaveLength(5);
    expect(kept("iq4_nl")).toEqual(kept("fitted-model"));
  });
});

it("the model's predictions are as large as was told, and made again when they were deleted", async () => {
  const cache = path.join(folder, "cache with space");
  const study = path.join(folder, "d.yaml");
  await writeFile(study, "name: d\nkl_divergence: true\ncells: [{ name: q, type: IQ4_NL }]\n");
  const build = await ensureBuild("patched");
  const before = process.env["QUANTFLEX_CACHE"];
  process.env["QUANTFLEX_CACHE"] = cache;
  try {
    const notes: string[] = [];
    const run = (out: string): Promise<unknown> => sweep({ study, out: path.join(folder, out), chunks: 2, build }, (event) => void (event.kind === "note" && notes.push(event.text)), never);
    await run("d1");
    expect(notes.filter((text) => /predictions of sotu-1m-f16 over .*: 1\.05 MB, kept in the cache/.test(text))).toHaveLength(1);
    const [key] = await readdir(path.join(cacheStore(), "reference"));
    const file = path.join(cacheStore(), "reference", key!, "reference");
    expect((await stat(file)).size).toBe(20 + 2 * (4 * 512 + 2 * 255 * 1028));
    const content = await readFile(file);
    await rm(file);
    await run("d2");
    expect(await readFile(file)).toEqual(content);
    await run("d2");
    expect(notes).toHaveLength(2);
  } finally {
    if (before === undefined) delete process.env["QUANTFLEX_CACHE"];
    else process.env["QUANTFLEX_CACHE"] = before;
  }
});
