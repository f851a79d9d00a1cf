import { describe, expect, it } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { hasType, keySteps, logitsArguments, misfits, type Settings, tensorPattern, tensorTypeOf } from "../../harness/run/arguments.ts";
import { childEnvironment } from "../../harness/run/environment.ts";
import { parseStudy } from "../../harness/study/load.ts";
import type { Cell } from "../../harness/study/types.ts";
import type { Lack } from "../../harness/upstream/releases.ts";
import { itOnStories, stories } from "../support/stories.ts";

const settings: Settings = { context: 512, batch: 2048, ubatch: 512, threads: 3, chunks: null };

function cells(text: string): Cell[] {
  return parseStudy(`name: s\ncells:\n${text}`, "s.yaml", () => "").cells;
}

describe("arguments", () => {
  it("are complete, with roles for paths", async () => {
    const [q4, f16] = cells("  - { name: a, type: Q4_0, radius: 1 }\n  - { name: b, type: F16 }\n");
    const gguf = await readGguf(demoModel);
    const perplexity = (model: string): string[] =>
      `llama-perplexity -m ${model} -f {text} -c 512 -b 2048 -ub 512 -t 3 -tb 3 --chunks -1 --device none`.split(" ");
    expect(keySteps(q4!, settings, gguf)).toEqual([["llama-quantize", "--pure", "{model}", "{quantized}", "Q4_0", "3"], perplexity("{quantized}")]);
    expect(keySteps(f16!, settings, gguf)).toEqual([perplexity("{model}")]);
    expect(hasType(gguf, "BF16")).toBe(false);
  });

  it("are those that an old release knows", async () => {
    const [f16] = cells("  - { name: b, type: F16 }\n");
    const gguf = await readGguf(demoModel);
    const lacks: Lack[] = ["--device", "--ubatch-size"];
    const perplexity = "llama-perplexity -m {model} -f {text} -c 512 -b 512 -t 3 -tb 3 --chunks -1".split(" ");
    const divergence = "llama-perplexity -m {model} --kl-divergence --kl-divergence-base {logits} -c 512 -b 512 -t 3 -tb 3".split(" ");
    const imatrix = "llama-imatrix -m {model} -f {imatrix text} -o {imatrix} -c 512 -b 512 -t 3 -tb 3 --chunks 9 --no-ppl";
    expect(keySteps(f16!, settings, gguf, lacks, { klDivergence: true, imatrixChunks: null })).toEqual([perplexity, divergence]);
    expect(keySteps({ ...f16!, imatrix: true }, settings, gguf, lacks, { klDivergence: false, imatrixChunks: 9 })[0]?.join(" ")).toBe(imatrix);
    expect(logitsArguments(settings, { model: "{model}", text: "{text}", logits: "L" }, lacks)).toEqual([...perplexity.slice(1), "--kl-divergence-base", "L"]);
  });

  it("leave upstream's mixture alone when the study asks for it", async () => {
    const [cell] = cells("  - { name: a, type: Q4_K_M, pure: false }\n");
    expect(keySteps(cell!, settings, await readGguf(demoModel))[0]).not.toContain("--pure");
  });

  itOnStories("name the tensors whose rows do not fit", async () => {
    const gguf = await readGguf(stories.model);
    const names = [0, 1, 2, 3, 4].map((layer) => `blk.${layer}.ffn_down.weight`);
    expect(misfits(gguf, "Q8_0")).toEqual(names.map((name) => ({ name, reason: "F16: rows of 172 weights are no multiple of 32" })));
    expect(misfits(gguf, "F16")).toEqual([]);
    const [cell] = cells("  - { name: a, type: Q8_0 }\n");
    expect(keySteps(cell!, settings, gguf)[0]?.slice(0, 4)).toEqual([
      "llama-quantize", "--pure", "--tensor-type", "^blk\\.0\\.ffn_down\\.weight$=f16",
    ]);
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
    expect(["Q4_K_M", "Q6_K", "IQ4_NL", "MXFP4_MOE", "IQ2_M", "F16"].map(tensorTypeOf)).toEqual(["Q4_K", "Q6_K", "IQ4_NL", "MXFP4", undefined, "F16"]);
  });
});

describe("the environment of children", () => {
  const own = { PATH: "/bin", PABLO_CONF: "/stray", LLAMA_ARG_THREADS: "1" };
  it("has the cell's conf, or none", () => {
    expect(childEnvironment("/cell/pablo.conf", own)).toEqual({ PABLO_CONF: "/cell/pablo.conf", LLAMA_ARG_THREADS: undefined, GOMP_SPINCOUNT: "1000" });
    expect(childEnvironment(null, own)).toEqual({ PABLO_CONF: undefined, LLAMA_ARG_THREADS: undefined, GOMP_SPINCOUNT: "1000" });
  });
});
