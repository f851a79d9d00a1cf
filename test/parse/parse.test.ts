import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ParseError } from "../../harness/errors.ts";
import { parseBench } from "../../harness/parse/bench.ts";
import { chunksDone } from "../../harness/parse/chunks.ts";
import { parseComparison } from "../../harness/parse/comparison.ts";
import { parseDivergence } from "../../harness/parse/divergence.ts";
import type { Output } from "../../harness/parse/numbers.ts";
import { parsePerplexity } from "../../harness/parse/perplexity.ts";
import { parseQuantize } from "../../harness/parse/quantize.ts";

/** Output of the real programs of b10361, runs of a few chunks of the demo model. */
function recorded(name: string): Output {
  const read = (stream: string): string => readFileSync(path.join(import.meta.dirname, "outputs", `${name}.${stream}`), "utf8");
  return { stdout: read("stdout"), stderr: name === "bench" ? "" : read("stderr") };
}

/** The same run as the base patches print it: the exact NLL of each chunk on a line of its own. */
function withChunkLines(output: Output, values: (string | number)[]): Output {
  const stdout = output.stdout.replaceAll(/\[(\d+)\]([^,]+),/g, (value, chunk) => `${value}\nchunk ${chunk} nll ${values[Number(chunk) - 1]}\n`);
  return { ...output, stdout };
}

describe("perplexity", () => {
  const output = recorded("perplexity");

  test("a run of the released program", () => {
    const result = parsePerplexity(output, 6);
    expect(result).toMatchObject({ ppl: 480.0902, pplError: 59.38394, chunkNll: undefined });
    expect(result.nll).toBeCloseTo(Math.log(480.0902), 12);
    expect(result.tokensPerSecond).toBeCloseTo(3072 / (0.219941 - 0.063411), 3);
  });

  test("a patched run has exact chunks", () => {
    const values = [6.1312319283746512, 6.9, 6.1, 6.2, 5.7, 6.0e0];
    const result = parsePerplexity(withChunkLines(output, values), 6);
    expect(result.chunkNll).toEqual(values);
    expect(result.nll).toBeCloseTo(values.reduce((sum, value) => sum + value) / 6, 12);
  });

  const broken: [string, (output: Output) => Output, RegExp][] = [
    ["the final line lost", (o) => ({ ...o, stderr: o.stderr.replace(/\S+ I Final[^\n]*/, "") }), /0 final estimates/],
    ["two final lines", (o) => ({ ...o, stderr: o.stderr + o.stderr.slice(o.stderr.indexOf("Final")) }), /2 final estimates/],
    ["a final nan", (o) => ({ ...o, stderr: o.stderr.replace("PPL = 480.0902", "PPL = nan") }), /final perplexity is nan/],
    ["a final -nan", (o) => ({ ...o, stderr: o.stderr.replace("59.38394", "-nan") }), /error of the final perplexity is -nan/],
    ["a final inf", (o) => ({ ...o, stderr: o.stderr.replace("PPL = 480.0902", "PPL = inf") }), /final perplexity is inf/],
    ["nan in the last chunk", (o) => ({ ...o, stdout: o.stdout.replace("[6]480.0902", "[6]nan") }), /chunk 6 of 6 is nan/],
    ["nan in the first chunk", (o) => ({ ...o, stdout: o.stdout.replace("[1]460.0071", "[1]-nan") }), /chunk 1 of 6 is -nan/],
    ["a chunk missing in the middle", (o) => ({ ...o, stdout: o.stdout.replace("[3]588.8635,", "") }), /chunk 4 where that of chunk 3/],
    ["the last chunk missing", (o) => ({ ...o, stdout: o.stdout.replace("[6]480.0902,", "") }), /5 chunks, expected 6/],
    ["an exact chunk missing", (o) => ({ ...o, stdout: withChunkLines(o, [1, 2, 3, 4, 5, 6]).stdout.replace("chunk 6 nll 6", "") }), /nll of 5 chunks, expected 6/],
    ["an exact chunk nan", (o) => withChunkLines(o, [1, 2, 3, 4, 5, "nan"]), /nll of chunk 6 of 6 is nan/],
    ["no output", () => ({ stdout: "", stderr: "" }), /gave no result/],
    ["too short a text", () => ({ stdout: "", stderr: "0.00.1.1 E perplexity: the data file you provided tokenizes to only 12 tokens" }), /only 12 tokens/],
    ["a variance that is not positive", (o) => ({ ...o, stderr: o.stderr.replace(/Final[^\n]*/, "Unexpected negative standard deviation of log(prob)") }), /variance/],
  ];
  test.each(broken)("refuses %s", (_, change, message) => {
    expect(() => parsePerplexity(change(output))).toThrow(ParseError);
    expect(() => parsePerplexity(change(output))).toThrow(message);
  });

  test("refuses fewer chunks than asked for", () => {
    expect(() => parsePerplexity(output, 7)).toThrow(/computes 6 chunks, expected 7/);
  });

  test("a part of the text keeps its chunks' numbers", () => {
    const part = { ...output, stdout: output.stdout.replaceAll(/\[(\d)\]/g, (_, chunk) => `[${Number(chunk) + 40}]`) };
    expect(parsePerplexity(part, 6, 40).printed.running[5]).toEqual({ value: 480.0902, halfUnit: expect.closeTo(0.00005, 12), text: "480.0902" });
    expect(() => parsePerplexity(part, 6)).toThrow(/chunk 41 where that of chunk 1 belongs/);
  });

  test("progress", () => {
    expect(chunksDone("[1]460.0071,[2]661.1676,")).toBe(2);
    expect(chunksDone("chunk 12 nll 2.5")).toBe(12);
    expect(chunksDone("[ 1/ 39] output.weight")).toBeUndefined();
  });
});

describe("KL divergence", () => {
  const output = recorded("divergence");

  test("a run of the released program", () => {
    const read = parseDivergence(output, 6);
    expect(read).toMatchObject({
      kld: { value: 0.075704, error: 0.002286 },
      kldMaximum: 0.798733,
      kldQuantiles: { "99.9": 0.7394, "99.0": 0.44309, "95.0": 0.257486, "90.0": 0.175157, "50.0": 0.044507 },
      probabilityChange: { value: -0.352, error: 0.081 },
      probabilityChangeRms: { value: 3.19, error: 0.18 },
      sameTop: { value: 78.693, error: 1.047 },
      chunkKld: undefined,
    });
    expect(read.printed.get("RMS Δp")).toEqual([{ value: 3.19, halfUnit: 0.0005, text: "3.190" }, { value: 0.18, halfUnit: 0.0005, text: "0.180" }]);
    expect(read.rows).toHaveLength(6);
    expect(read.rows[5]).toMatchObject({ ppl: { value: 505.412 }, pplError: { value: 62.5615 }, logRatio: { value: 0.22495 }, sameTopError: { text: "1.047" } });
  });

  test("a part of the text keeps its chunks' numbers", () => {
    const part = { ...output, stdout: output.stdout.replaceAll(/^ +(\d) /gm, (_, chunk) => `${Number(chunk) + 40} `) };
    expect(parseDivergence(part, 6, 40).kld.value).toBe(0.075704);
    expect(() => parseDivergence(part, 6)).toThrow(/chunk 41 where chunk 1 belongs/);
  });

  test("fewer than 100 tokens have chunks, but no statistics", () => {
    const few = { ...output, stdout: output.stdout.slice(0, output.stdout.indexOf("======")) };
    expect(parseComparison(few, 6).rows).toHaveLength(6);
    expect(() => parseDivergence(few, 6)).toThrow(/at least 100 tokens/);
  });

  test("the error of a change that is nowhere is 0, and nan is refused everywhere else", () => {
    const same = output.stdout.replace("3.190 ± 0.180 %\n", "0.000 ± -nan %\n");
    expect(parseDivergence({ ...output, stdout: same }).probabilityChangeRms).toEqual({ value: 0, error: 0 });
    expect(() => parseDivergence({ ...output, stdout: same.replace("0.000 ± -nan", "0.001 ± -nan") })).toThrow(/error of RMS Δp is -nan/);
  });

  test("exact chunks of a patched program", () => {
    const stdout = output.stdout.replaceAll(/^ +(\d) .*$/gm, (row, chunk) => `${row}\nchunk ${chunk} kld 0.0${chunk}5`);
    expect(parseDivergence({ ...output, stdout }).chunkKld).toEqual([0.015, 0.025, 0.035, 0.045, 0.055, 0.065]);
  });

  test("a model compared with itself: the ratio's error is nan and not needed", () => {
    expect(parseDivergence({ ...output, stdout: output.stdout.replace("0.022723", "-nan") }).kld.value).toBe(0.075704);
  });

  test.each([
    ["nan", (text: string) => text.replace("0.075704", "nan"), /KLD is nan/],
    ["a lost end", (text: string) => text.slice(0, text.indexOf("RMS Δp")), /RMS Δp" 0 times/],
    ["a lost chunk", (text: string) => text.replace(/^ +6 .*\n/m, ""), /compared 5 chunks of 6/],
  ] as const)("refuses %s", (_, change, message) => {
    expect(() => parseDivergence({ ...output, stdout: change(output.stdout) })).toThrow(message);
  });
});

test("llama-bench", () => {
  const [prompt, generation] = parseBench(recorded("bench").stdout);
  expect(prompt).toMatchObject({ promptTokens: 64, generatedTokens: 0, tokensPerSecond: [37817.5, 43275.9] });
  expect(generation).toMatchObject({ promptTokens: 0, generatedTokens: 8 });
  expect(() => parseBench("")).toThrow(/did not write JSON/);
  expect(() => parseBench("[]")).toThrow(ParseError);
  expect(() => parseBench(recorded("bench").stdout.replace("37817.5", "null"))).toThrow(/samples_ts/);
});

describe("llama-quantize", () => {
  const output = recorded("quantize");

  test("time of a mixed run", () => {
    expect(parseQuantize(output)).toBeCloseTo(0.02613, 6);
  });

  test("refuses a run that ended early", () => {
    expect(() => parseQuantize({ ...output, stdout: "" })).toThrow(/total time/);
    expect(() => parseQuantize({ ...output, stderr: output.stderr.slice(0, output.stderr.indexOf("[  20/  39]")) })).toThrow(/19 tensors of 39/);
    expect(() => parseQuantize({ stdout: "", stderr: "" })).toThrow(ParseError);
  });
});
