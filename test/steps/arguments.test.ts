import { describe, expect, it } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import { demoModel } from "../../harness/paths.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { keyInputs } from "../../harness/steps/key.ts";
import { fileTypeNamed } from "../../harness/steps/fileTypes.ts";
import { hasType, misfits } from "../../harness/steps/misfits.ts";
import { tensorPattern } from "../../harness/steps/tensorPattern.ts";
import { stepsOfCell } from "../../harness/steps/registry.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import type { Feature } from "../../harness/upstream/releases.ts";
import { itOnStories, stories } from "../support/stories.ts";
import { paperTarget } from "../support/target.ts";

const file = { path: "/a/file", sha256: "a".repeat(64) };
const given = { model: file, text: file, training: file };

/** The command lines of a study's only cell, by step, as its keys have them. */
async function commands(text: string, lacks: readonly Feature[] = [], model = demoModel): Promise<Record<string, string>> {
  const study = parseStudy(text, "s.yaml", () => "");
  const { context, batch, ubatch } = study;
  const on = paperTarget(lacks);
  const gguf = await readGguf(model);
  const steps = study.cells.flatMap((cell) => planCell({ cell, study, settings: { context, batch, ubatch, chunks: null }, gguf, files: {} }, given, on));
  return Object.fromEntries(steps.map(({ step, config }) => [step, keyInputs(stepsOfCell.find(({ name }) => name === step)!, config, {}, on).argv.join(" ")]));
}

describe("arguments", () => {
  it("are complete, with roles for paths", async () => {
    const perplexity = (rest: string): string => `llama-perplexity -m {quantized} ${rest} -t {threads} -tb {threads}`;
    expect(await commands("name: s\ncells: [{ name: a, type: Q4_0, radius: 1 }]")).toEqual({
      quantize: "llama-quantize --pure {model} {quantized} Q4_0 {threads}",
      count: "",
      compress: "xz -6 -k -T1",
      evaluate: `${perplexity("-f {text} -c 512 -b 2048 -ub 512")} --chunks -1 --device none`,
    });
    expect(Object.keys(await commands("name: s\ncells: [{ name: b, type: F16 }]"))).toEqual(["count", "evaluate"]);
    expect(hasType(await readGguf(demoModel), "BF16")).toBe(false);
  });

  it("are those that an old release knows", async () => {
    const study = "name: s\nkl_divergence: true\nimatrix: { text: demo, chunks: 9 }\ncells: [{ name: b, type: Q4_1, imatrix: true }]";
    expect(await commands(study, ["--device", "--ubatch-size"])).toMatchObject({
      imatrix: "llama-imatrix -m {model} -f {training} -o {imatrix} -c 512 -b 512 -t {threads} -tb {threads} --chunks 9 --no-ppl",
      reference: "llama-perplexity -m {model} -f {text} -c 512 -b 512 -t {threads} -tb {threads} --chunks -1 --kl-divergence-base {reference}",
      quantize: "llama-quantize --imatrix {imatrix} --pure {model} {quantized} Q4_1 {threads}",
      evaluate: "llama-perplexity -m {quantized} --kl-divergence --kl-divergence-base {reference} -c 512 -b 512 -t {threads} -tb {threads}",
    });
  });

  it("leave upstream's mixture alone when the study asks for it", async () => {
    expect((await commands("name: s\ncells: [{ name: a, type: Q4_K_M, pure: false }]"))["quantize"]).not.toContain("--pure");
  });

  itOnStories("name the tensors whose rows do not fit", async () => {
    const gguf = await readGguf(stories.model);
    const names = [0, 1, 2, 3, 4].map((layer) => `blk.${layer}.ffn_down.weight`);
    expect(misfits(gguf, { name: "c", type: "Q8_0" })).toEqual(names);
    expect(misfits(gguf, { name: "c", type: "F16" })).toEqual([]);
    const { quantize } = await commands("name: s\ncells: [{ name: a, type: Q8_0 }]", [], stories.model);
    expect(quantize).toContain("llama-quantize --pure --tensor-type ^blk\\.0\\.ffn_down\\.weight$=f16");
  });

  it("match exactly one tensor's name", () => {
    for (const name of ["blk.1.ffn_down.weight", "Odd=Name (x+y).weight", "a..b"]) {
      const pattern = tensorPattern(name);
      expect(name).toMatch(new RegExp(pattern));
      expect(pattern).toBe(pattern.toLowerCase());
      expect(pattern).not.toContain("=");
      expect(`x${name}`).not.toMatch(new RegExp(pattern));
    }
    expect("blk.11.ffn_down.weight").not.toMatch(new RegExp(tensorPattern("blk.1.ffn_down.weight")));
  });

  it("know the tensor type behind a file type", () => {
    const types = ["Q4_K_M", "Q6_K", "IQ4_NL", "MXFP4_MOE", "IQ2_M", "IQ3_XS", "F16"].map((type) => fileTypeNamed(type).tensor);
    expect(types).toEqual(["Q4_K", "Q6_K", "IQ4_NL", "MXFP4", "IQ2_S", "IQ3_S", "F16"]);
  });
});

describe("the environment of children", () => {
  const own = { PATH: "/bin", PABLO_CONF: "/stray", LLAMA_ARG_THREADS: "1" };
  it("has the cell's conf, or none", () => {
    expect(childEnvironment("/cell/pablo.conf", own)).toEqual({ PABLO_CONF: "/cell/pablo.conf", LLAMA_ARG_THREADS: undefined, GOMP_SPINCOUNT: "1000" });
    expect(childEnvironment(null, own)).toEqual({ PABLO_CONF: undefined, LLAMA_ARG_THREADS: undefined, GOMP_SPINCOUNT: "1000" });
  });
});
