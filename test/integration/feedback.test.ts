import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readGguf, readTensor } from "../../harness/gguf/read.ts";
import { hashFile } from "../../harness/hash.ts";
import { demoModel } from "../../harness/paths.ts";
import { ProcessError } from "../../harness/process/run.ts";
import { ensureDemoText, calibrationTexts } from "../../harness/sweep/knownTexts.ts";
import { writeExpertModel } from "../support/expertModel.ts";
import { type FeedbackLab, feedbackLab, readMoments } from "../support/feedbackLab.ts";

const chunks = 64;
// Made by `npm run fit` for the demo model.
const table = "TABLE 16 23 18 15 15 13 13 12 12 11 12 14 14 15 21 32 -127 -99 -80 -64 -49 -35 -22 -9 2 14 25 38 52 67 82 109";
const schemes = {
  "Q4_0": { type: "Q4_0", conf: "0 0 0\n" },
  "IQ4_NL": { type: "IQ4_NL", conf: "0 0 0\n" },
  "a packed fitted table": { type: "Q4_0", conf: `1 0 2\n${table}\nCONTAINER packed\nENCODE nearest\nSCALE search\n` },
};

let lab: FeedbackLab;
let training: string;
let moments: string;
beforeAll(async () => {
  lab = await feedbackLab();
  training = await calibrationTexts["demo"]!();
  moments = lab.at("moments.gguf");
  await lab.moments(demoModel, training, moments);
});

const failure = (running: Promise<unknown>): Promise<ProcessError> => running.then(() => expect.unreachable(), (error: unknown) => error as ProcessError);

describe("with the demo model's speeches, measured on others", () => {
  const reference = (): string => lab.at("reference");
  beforeAll(async () => {
    await lab.imatrix(demoModel, training, lab.at("imatrix.gguf"), 100);
    await lab.reference(demoModel, await ensureDemoText(), reference(), chunks);
  });

  it.each(Object.entries(schemes))("%s with feedback is at most 0.75 as far from the model as with an importance matrix", async (_name, { type, conf }) => {
    const [fed, weighed] = [lab.at("fed.gguf"), lab.at("weighed.gguf")];
    const { stdout } = await lab.quantize(demoModel, fed, type, `${conf}FEEDBACK ${moments}\n`);
    await lab.quantize(demoModel, weighed, type, conf, { imatrix: lab.at("imatrix.gguf") });
    const text = await ensureDemoText();
    const distance = await lab.divergence(fed, text, reference(), chunks);
    expect(distance / (await lab.divergence(weighed, text, reference(), chunks))).toBeLessThan(0.75);

    const lines = [...stdout.matchAll(/^pablo_feedback: (.+): (feedback|rounded) \((.*)\)$/gm)].map(([, tensor, how, why]) => ({ tensor, how, why }));
    const { tensors } = await readGguf(demoModel);
    expect(lines.map(({ tensor }) => tensor).sort()).toEqual(tensors.filter(({ shape }) => shape.length === 2).map(({ name }) => name).sort());
    expect(lines.filter(({ how }) => how === "rounded")).toEqual([{ tensor: "token_embd.weight", how: "rounded", why: "no moments" }]);
    expect(new Set(lines.filter(({ how }) => how === "feedback").map(({ why }) => why))).toEqual(new Set(["51200 tokens"]));
    expect((await readFile(fed)).length).toBe((await readFile(weighed)).length - (await importanceBytes(weighed)));
  });

  it.each(["Q4_0", "IQ4_NL", "Q8_0"])("a %s file has upstream's header: nothing in it says how its codes were chosen", async (type) => {
    await lab.quantize(demoModel, lab.at("fed.gguf"), type, `0 0 0\nFEEDBACK ${moments}\n`);
    await lab.quantize(demoModel, lab.at("plain.gguf"), type, "0 0 0\n");
    const [fed, plain] = await Promise.all([readGguf(lab.at("fed.gguf")), readGguf(lab.at("plain.gguf"))]);
    expect([...fed.metadata]).toEqual([...plain.metadata]);
    expect([...fed.metadata.keys()].filter((key) => key.startsWith("pablo."))).toEqual([]);
    expect(fed.tensors).toEqual(plain.tensors);
  });
});

/** By how much what llama-quantize says about an importance matrix makes a header longer. */
async function importanceBytes(file: string): Promise<number> {
  const { dataOffset } = await readGguf(file);
  return dataOffset - (await readGguf(lab.at("fed.gguf"))).dataOffset;
}

it("moments and codes depend on neither threads nor memory", async () => {
  const hashes = [];
  for (const [threads, memory] of [[1, 1 << 30], [2, 1 << 30], [3, 1_000_000]] as const) {
    await lab.moments(demoModel, training, lab.at("some.gguf"), { chunks: 6, threads, memory });
    await lab.quantize(demoModel, lab.at("quantized.gguf"), "IQ4_NL", `0 0 0\nFEEDBACK ${lab.at("some.gguf")}\n`, { threads });
    hashes.push([await hashFile(lab.at("some.gguf")), await hashFile(lab.at("quantized.gguf"))]);
  }
  expect(hashes[1]).toEqual(hashes[0]);
  expect(hashes[2]).toEqual(hashes[0]);
});

it("the histogram counts the codes that were chosen", async () => {
  const json = lab.at("histogram.json");
  await lab.quantize(demoModel, lab.at("fed.gguf"), "Q4_0", `1 1 0\nHISTOGRAM ${json}\nFEEDBACK ${moments}\n`);
  const [{ tensors }] = (JSON.parse(await readFile(json, "utf8")) as { pablo: [{ tensors: { name: string; hist: number[] }[] }] }).pablo;
  const gguf = await readGguf(lab.at("fed.gguf"));
  for (const { name, hist } of tensors) {
    const counted = Array<number>(16).fill(0);
    const bytes = await readTensor(gguf, gguf.tensors.find((tensor) => tensor.name === name)!);
    bytes.forEach((byte, index) => {
      if (index % 18 < 2) return; // the scale
      counted[(byte & 15) ^ 8]!++;
      counted[(byte >> 4) ^ 8]!++;
    });
    expect(hist, name).toEqual(counted);
  }
  expect(tensors.length).toBeGreaterThan(20);
});

it("FEEDBACK_TENSORS leaves tensors to rounding", async () => {
  const conf = `0 0 0\nFEEDBACK ${moments}\nFEEDBACK_TENSORS on blk.1.*\nFEEDBACK_TENSORS off *\n`;
  const { stdout } = await lab.quantize(demoModel, lab.at("some.gguf"), "IQ4_NL", conf);
  await lab.quantize(demoModel, lab.at("plain.gguf"), "IQ4_NL", "0 0 0\n");
  expect(stdout).toMatch(/^pablo_feedback: output\.weight: rounded \(FEEDBACK_TENSORS off\)$/m);
  const [some, plain] = await Promise.all([readGguf(lab.at("some.gguf")), readGguf(lab.at("plain.gguf"))]);
  for (const tensor of plain.tensors.filter(({ type }) => type === "IQ4_NL")) {
    const same = Buffer.compare(await readTensor(some, tensor), await readTensor(plain, tensor)) === 0;
    expect(same, tensor.name).toBe(!tensor.name.startsWith("blk.1."));
  }
});

describe("second moments", () => {
  it.each(["the demo model", "a mixture of experts"])("of %s have the diagonal that llama-imatrix finds, and as many tokens", async (which) => {
    const model = which === "the demo model" ? demoModel : lab.at("experts.gguf");
    if (model !== demoModel) await writeExpertModel(model);
    const [file, imatrix] = [lab.at("six.gguf"), lab.at("six-imatrix.gguf")];
    await lab.moments(model, training, file, { chunks: 6 });
    await lab.imatrix(model, training, imatrix, 6);
    const [found, { metadata }, importance] = await Promise.all([readMoments(file), readGguf(file), readGguf(imatrix)]);
    const [weights, inputs] = ["moments.weights", "moments.inputs"].map((key) => metadata.get(key) as string[]);
    const squares = async (name: string): Promise<Float32Array> => {
      const bytes = await readTensor(importance, importance.tensors.find((tensor) => tensor.name === name)!);
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    };
    const named = importance.tensors.flatMap(({ name }) => (name.endsWith(".counts") && !name.includes("gate_inp") ? [name.slice(0, -".counts".length)] : []));
    expect([...weights!].sort()).toEqual(named.sort());
    for (const [index, weight] of weights!.entries()) {
      const counts = await squares(`${weight}.counts`);
      const sums = await squares(`${weight}.in_sum2`);
      for (const [matrix, expected] of counts.entries()) {
        const input = inputs![index]!;
        const { diagonal, count } = found.get(counts.length === 1 ? input : `${input}#${matrix}`)!;
        expect(count, `${weight} ${matrix}`).toBe(expected);
        const worst = Math.max(...diagonal.map((square, column) => {
          const mean = expected > 0 ? sums[matrix * diagonal.length + column]! / expected : 0;
          return Math.abs(square - mean) / (mean || 1);
        }));
        expect(worst, `${weight} ${matrix}`).toBeLessThan(1e-4);
      }
    }
    if (model === demoModel) return;
    const { stdout } = await lab.quantize(model, lab.at("quantized.gguf"), "IQ4_NL", `0 0 0\nFEEDBACK ${file}\n`);
    expect(stdout).toMatch(/^pablo_feedback: blk\.1\.ffn_down_exps\.weight: feedback \(4 of 5 matrices\)$/m);
  });

  it("leave nothing behind when they are interrupted", async () => {
    const stop = new AbortController();
    const out = lab.at("stopped/moments.gguf");
    await mkdir(path.dirname(out));
    const running = failure(lab.moments(demoModel, training, out, { signal: stop.signal }));
    while (!existsSync(`${out}.partial`)) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect((await running).name).toBe("AbortError");
    expect(await readdir(path.dirname(out))).toEqual([]);
  });

  it("that do not fit the memory are refused before anything is computed", async () => {
    const { message } = await failure(lab.moments(demoModel, training, lab.at("none.gguf"), { memory: 1000 }));
    expect(message).toMatch(/moments: error: --memory 1000: the input of .* alone takes \d+ bytes/);
    expect(existsSync(lab.at("none.gguf"))).toBe(false);
  });
});

describe("a file that is refused leaves nothing written", () => {
  const cases: [string, (bytes: Buffer) => Buffer, RegExp][] = [
    ["truncated", (bytes) => bytes.subarray(0, bytes.length - 1000), /is truncated/],
    ["no GGUF", () => Buffer.from("text"), /is no GGUF file, or a damaged one/],
    ["with a value that is not finite", (bytes) => (bytes.writeFloatLE(NaN, bytes.length - 40), bytes), /have a value that is not finite/],
  ];
  it.each(cases)("%s", async (_name, damage, expected) => {
    await writeFile(lab.at("bad.gguf"), damage(await readFile(moments)));
    const { message } = await failure(lab.quantize(demoModel, lab.at("none.gguf"), "Q4_0", `0 0 0\nFEEDBACK ${lab.at("bad.gguf")}\n`));
    expect(message).toMatch(expected);
    expect(message).toContain("bad.gguf");
    expect(existsSync(lab.at("none.gguf"))).toBe(false);
  });

  it("of another model", async () => {
    await writeExpertModel(lab.at("experts.gguf"));
    await lab.moments(lab.at("experts.gguf"), training, lab.at("other.gguf"), { chunks: 2 });
    const { message } = await failure(lab.quantize(demoModel, lab.at("none.gguf"), "Q4_0", `0 0 0\nFEEDBACK ${lab.at("other.gguf")}\n`));
    expect(message).toMatch(/are for 64 columns, but the tensor has \d+: they are another model's/);
    expect(existsSync(lab.at("none.gguf"))).toBe(false);
  });

  it("for a table whose codes are chosen by bins", async () => {
    const { message } = await failure(lab.quantize(demoModel, lab.at("none.gguf"), "Q4_0", `1 0 1\nCONTAINER packed\nFEEDBACK ${moments}\n`));
    expect(message).toMatch(/expects ENCODE nearest and SCALE search/);
    expect(existsSync(lab.at("none.gguf"))).toBe(false);
  });
});
