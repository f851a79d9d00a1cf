import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { hashFile } from "../../harness/hash.ts";
import { askedModel, askedText, calibrationText, isShipped } from "../../harness/sweep/asked.ts";
import { makeLab } from "../support/sweepLab.ts";

const folder = "/somewhere";
const silent = { report: () => undefined, signal: new AbortController().signal };

describe("an input", () => {
  it("is the command line's, else the study's, else the demo models'", async () => {
    expect(path.basename(await askedModel({ folder }, silent))).toBe("sotu-1m-f16.gguf");
    expect(path.basename(await askedModel({ study: "prose-7m", folder }, silent))).toBe("prose-7m-f16.gguf");
    expect(await askedModel({ given: "mine.gguf", study: "prose-7m", folder }, silent)).toBe("mine.gguf");
    expect(path.basename(await askedText({ folder }, silent))).toBe("sotu-heldout.txt");
    expect(await askedText({ study: "text.txt", folder }, silent)).toBe("/somewhere/text.txt");
    expect(path.basename(await calibrationText({ study: "demo-prose", folder }, silent))).toBe("calibration.txt");
  });

  it("by a name is what the models' cards say", async () => {
    expect(await hashFile(await askedModel({ given: "prose-7m", folder }, silent))).toBe("a323e0d9176668748138279cb55f4e48321ac38fc22f5504996ba52d6955caaf");
    expect(await hashFile(await askedText({ given: "moby-dick", folder }, silent))).toBe("a86794f763e8e402bf476302d4a856b11cb9f7c48ff11984155691310328963f");
    expect(Array.from(await readFile(await calibrationText({ study: "demo-prose", folder }, silent), "utf8"))).toHaveLength(216_053);
  });

  it("of models/ is known as such", async () => {
    expect([await askedModel({ given: "prose-7m", folder }, silent), "models/x.gguf", "/elsewhere/models/x.gguf"].map(isShipped)).toEqual([true, true, false]);
  });
});

it("a calibration text that contains some of the measured one is refused before anything runs", async () => {
  const lab = await makeLab();
  const [text, calibration] = ["measured.txt", "calibration.txt"].map((name) => path.join(lab.folder, name)) as [string, string];
  const words = Array.from({ length: 400 }, (_, index) => `word${(index * 7919) % 1009}`).join(" ");
  await writeFile(text, words);
  await writeFile(calibration, `Something else.\n${words.slice(1000, 1600).replaceAll(" ", "\n")}\nAnd more of something else.`);
  await writeFile(path.join(lab.folder, "s.yaml"), "name: s\ncontext: 8\nbatch: 8\ncalibration: { text: calibration.txt }\ncells:\n  - { name: a, type: Q4_1, imatrix: true }\n");
  await expect(lab.run({ text })).rejects.toThrow(/calibration text .*calibration\.txt contains some of .*measured\.txt, the text that is measured on/);
  expect(await lab.calls()).toEqual([]);
});
