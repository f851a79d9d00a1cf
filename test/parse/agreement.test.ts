import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Frame } from "../../harness/analysis/frame.ts";
import { ParseError } from "../../harness/errors.ts";
import { agreedDivergence, agreedPerplexity } from "../../harness/parse/agreement.ts";
import { decodeFrames } from "../../harness/parse/frames.ts";
import type { Output } from "../../harness/parse/numbers.ts";

/**
 * Runs of b10361 with the base patches on the demo model, its Q4_0 against F16, 128 tokens a chunk: chunks 5 to 7
 * of the text as the reference, in Q4_0, and compared; and chunk 7 compared by itself.
 */
function recorded(name: "reference" | "plain" | "compared" | "few"): { output: Output; frames: Frame[] } {
  const file = (ending: string): string => path.join(import.meta.dirname, "outputs", `frames-${name}.${ending}`);
  const bytes = readFileSync(file("frames"));
  const { frames, wholeBytes } = decodeFrames(bytes);
  expect(wholeBytes).toBe(bytes.length);
  return { output: { stdout: readFileSync(file("stdout"), "utf8"), stderr: readFileSync(file("stderr"), "utf8") }, frames };
}

/** The text with the last digit of `number` (of a long one the sixteenth) raised by one, behind `before`. */
function raised(text: string, before: string, number: string): string {
  const at = text.indexOf(number, text.indexOf(before) + before.length - 1);
  expect(text.indexOf(before), before).toBeGreaterThanOrEqual(0);
  expect(at, number).toBeGreaterThanOrEqual(0);
  const last = number.length > 16 ? number.length - 2 : number.length - 1;
  const digit = Number(number[last]);
  const other = number.slice(0, last) + (digit === 9 ? 8 : digit + 1) + number.slice(last + 1);
  return text.slice(0, at) + other + text.slice(at + number.length);
}

describe("perplexity", () => {
  const { output, frames } = recorded("plain");

  test("a part of a text: from its tokens, and as printed", () => {
    const { computed, read } = agreedPerplexity(output, frames);
    expect(frames.map(({ chunk }) => chunk)).toEqual([4, 5, 6]);
    expect(frames[0]).toMatchObject({ contextTokens: 128, vocabularySize: 1024, batchChunks: 2, reference: null });
    expect(computed.ppl.toFixed(4)).toBe("15.5987");
    expect(computed.error.toFixed(5)).toBe("2.44200");
    expect(computed.chunks).toEqual(read.chunkNll);
  });

  const numbers: [before: string, number: string][] = [
    ["[5]", "21.3253"], ["[6]", "15.0181"], ["[7]", "15.5987"],
    ["chunk 5 nll", "3.0598945015020123"], ["chunk 7 nll", "2.8230520613221466"],
    ["PPL =", "15.5987"], ["+/-", "2.44200"],
  ];
  test.each(numbers)("another last digit of %s %s contradicts", (before, number) => {
    const changed = output.stdout.includes(before)
      ? { ...output, stdout: raised(output.stdout, before, number) }
      : { ...output, stderr: raised(output.stderr, before, number) };
    expect(() => agreedPerplexity(changed, frames)).toThrow(ParseError);
    expect(() => agreedPerplexity(changed, frames)).toThrow(/but its tokens give/);
  });

  test("frames that lack a chunk, or are of others", () => {
    expect(() => agreedPerplexity(output, frames.slice(0, 2))).toThrow(/computes 3 chunks, expected 2/);
    expect(() => agreedPerplexity(output, frames.map((frame) => ({ ...frame, chunk: frame.chunk + 1 })))).toThrow(/chunk 5 where that of chunk 6 belongs/);
    expect(() => agreedPerplexity(output, recorded("reference").frames)).toThrow(/nll of chunk 5/);
  });

  test("a program without the base patches", () => {
    expect(() => agreedPerplexity({ ...output, stdout: output.stdout.replaceAll(/^chunk.*$/gm, "") }, frames)).toThrow(/without the base patches/);
  });

  test("a run that writes the reference: chunks are exact, the estimate is of rounded likelihoods", () => {
    const reference = recorded("reference");
    const { computed } = agreedPerplexity(reference.output, reference.frames, true);
    expect(computed.ppl).toBeCloseTo(14.9709, 4);
    const wrong = { ...reference.output, stderr: reference.output.stderr.replace("PPL = 14.9709", "PPL = 14.9719") };
    expect(() => agreedPerplexity(wrong, reference.frames, true)).toThrow(/printed 14.9719 as perplexity/);
  });
});

describe("divergence", () => {
  const { output, frames } = recorded("compared");

  test("the model's perplexity is that of a run without comparison, bit for bit", () => {
    const plain = recorded("plain");
    expect(agreedDivergence(output, frames).perplexity).toEqual(agreedPerplexity(plain.output, plain.frames).computed);
  });

  test("as printed", () => {
    const { divergence } = agreedDivergence(output, frames);
    expect(divergence).toMatchObject({ chunks: [0.034329408349188427, 0.020690629566767409, 0.028120192488940019] });
    expect([divergence.mean, divergence.error, divergence.p999, divergence.median].map((value) => value.toFixed(6))).toEqual(["0.027713", "0.001867", "0.148553", "0.018970"]);
    expect(divergence.sameTop.toFixed(3)).toBe("85.185");
  });

  const numbers: [before: string, number: string][] = [
    ["   5 ", "21.3253"], ["   5 ", "6.2392"], ["   6 ", "0.03359"], ["   6 ", "0.02751"], ["   6 ", "0.00235"],
    ["   7 ", "3.929"], ["   7 ", "0.340"], ["   7 ", "85.185"], ["   7 ", "2.591"],
    ["chunk 6 kld", "0.020690629566767409"], ["chunk 6 nll", "2.3586190006201067"],
    ["Mean    KLD:", "0.027713"], ["Mean    KLD:", "0.001867"], ["Maximum KLD:", "0.155010"], ["99.9%   KLD:", "0.148553"],
    ["99.0%   KLD:", "0.117988"], ["95.0%   KLD:", "0.084765"], ["90.0%   KLD:", "0.058344"], ["Median  KLD:", "0.018970"],
    ["Mean    Δp:", "0.662"], ["Mean    Δp:", "0.282"], ["RMS Δp    :", "3.929"], ["RMS Δp    :", "0.340"],
    ["Same top p:", "85.185"], ["Same top p:", "2.591"],
  ];
  test.each(numbers)("another last digit of %s %s contradicts", (before, number) => {
    const changed = { ...output, stdout: raised(output.stdout, before, number) };
    expect(() => agreedDivergence(changed, frames)).toThrow(ParseError);
    expect(() => agreedDivergence(changed, frames)).toThrow(/but its tokens give/);
  });

  test("fewer than 100 tokens", () => {
    const few = recorded("few");
    expect(few.output.stdout).not.toContain("statistics");
    const { divergence } = agreedDivergence(few.output, few.frames);
    expect(divergence.chunks).toEqual([0.028120192488940019]);
    expect(() => agreedDivergence({ ...few.output, stdout: raised(few.output.stdout, "   7 ", "0.02812") }, few.frames)).toThrow(/mean up to chunk 7/);
    expect(() => agreedDivergence({ ...output, stdout: output.stdout.replace(/Mean +KLD.*\n/, "") }, frames)).toThrow(/0 times/);
  });

  test("a model compared with itself: the error of no change may be printed as nan, of a change it may not", () => {
    const nan = (text: string): string => text.replaceAll(/(\d\.\d{3} ±) +\d\.\d{3}( %    | %\nSame)/g, "$1 -nan$2");
    expect(nan(output.stdout).match(/nan/g)).toHaveLength(4);
    expect(() => agreedDivergence({ ...output, stdout: nan(output.stdout) }, frames)).toThrow(/probabilityRmsError up to chunk 5/);
    const unchanged = frames.map((frame) => ({ ...frame, reference: { ...frame.reference!, probabilityChange: new Float32Array(63) } }));
    const stdout = nan(output.stdout).replaceAll(/\d\.\d{3} ± -nan/g, "0.000 ± -nan").replace("-0.662 ± 0.282", "-0.000 ± 0.000");
    expect(agreedDivergence({ ...output, stdout }, unchanged).divergence).toMatchObject({ probabilityRms: 0, probabilityRmsError: 0 });
  });

  test("frames without comparison", () => {
    expect(() => agreedDivergence(output, recorded("plain").frames)).toThrow(/not compared/);
  });
});
