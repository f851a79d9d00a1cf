import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild, targetsOf } from "../../harness/build/build.ts";
import { readImportance } from "../../harness/fit/imatrix.ts";
import { readGguf, readTensor } from "../../harness/gguf/read.ts";
import { projectRoot } from "../../harness/paths.ts";
import { stepsOfCell } from "../../harness/steps/registry.ts";
import { multipleChoiceBytes, type Question } from "../support/multipleChoice.ts";
import { runSteps, type Ran } from "../support/runSteps.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { differences, type Figures, figuresOf } from "./fingerprint.ts";

/*
 * Keys hold a step's version, so that records made by other code are not taken for what it would make now. These are the
 * figures that each version gives: a change of what a step computes fails here until its version is raised, and then
 *
 *     QUANTFLEX_FINGERPRINTS=write npx vitest run test/integration/fingerprints.test.ts
 *
 * writes down the figures of the steps whose version is another one. It never replaces those of a version that is there.
 */
const file = path.join(projectRoot, "test", "integration", "fingerprints.json");
const writes = process.env["QUANTFLEX_FINGERPRINTS"] === "write";
const howToWrite = "write its figures down: QUANTFLEX_FINGERPRINTS=write npx vitest run test/integration/fingerprints.test.ts";

/** Two cells weigh by what differs in the last digits between processors, and codes with it. */
const study = `name: fingerprints
kl_divergence: true
imatrix: { text: demo, chunks: 4 }
chunks: 4
cells:
  - { name: f16, type: F16 }
  - { name: centred, type: Q4_0, radius: 1 }
  - { name: native, type: Q8_0, table: balanced }
  - { name: packed-weighted, type: Q4_0, container: packed, table: balanced, encode: nearest, scale: search, imatrix: true }
  - { name: fed, type: IQ4_NL, feedback: true }
`;

const weighted: readonly string[] = ["packed-weighted", "fed"];

interface Fingerprint {
  version: number;
  /** Versions of the compressors that gave sizes, of a step that has some. */
  compressors?: Record<string, string | null>;
  /** By cell; of a step that several cells share, of the first. */
  figures: Record<string, Figures>;
}

/** What a step found and, where that is a file, what it holds. */
async function fingerprintOf({ step, record, kept }: Ran): Promise<Figures> {
  const figures = figuresOf(record.result);
  for (const [role, { bytes }] of Object.entries(record.files)) if (role !== "imatrix" && role !== "moments") figures[`file ${role}.bytes`] = bytes;
  if (step === "imatrix") {
    const sums = [...(await readImportance(kept["imatrix"]!))].map(([name, values]) => ({ name, mean: values.reduce((sum, value) => sum + value, 0) / values.length }));
    Object.assign(figures, figuresOf({ tensors: sums }));
  }
  if (step === "moments") {
    const gguf = await readGguf(kept["moments"]!);
    const means = await Promise.all(gguf.tensors.map(async (tensor) => ({ name: tensor.name, mean: meanOf(await readTensor(gguf, tensor)) })));
    Object.assign(figures, figuresOf({ inputs: means }));
  }
  if (step === "reference") Object.assign(figures, figuresOf({ rows: referenceRows(await readFile(kept["reference"]!)) }));
  return figures;
}

/** Mean of numbers in F32. */
function meanOf({ buffer, byteOffset, byteLength }: Uint8Array): number {
  const view = new DataView(buffer, byteOffset, byteLength);
  let sum = 0;
  for (let at = 0; at < byteLength; at += 4) sum += view.getFloat32(at, true);
  return sum / (byteLength / 4);
}

/** The two numbers that head each row of predictions: the scale of its logarithms, and the smallest. */
function referenceRows(bytes: Buffer): { scale: number; least: number }[] {
  const [context, vocabulary, chunks] = [8, 12, 16].map((at) => bytes.readInt32LE(at)) as [number, number, number];
  const row = 2 * (2 * Math.floor((vocabulary + 1) / 2) + 4);
  const rows = [];
  for (let at = 20 + 4 * context * chunks; at < bytes.length; at += row) rows.push({ scale: bytes.readFloatLE(at), least: bytes.readFloatLE(at + 4) });
  return rows;
}

/** By how much a figure may differ between processors, as a share of it: too little for another formula to hide in. */
function toleranceOf(step: string, cell: string, figure: string): number {
  const among = (...bands: [pattern: RegExp, share: number][]): number => bands.find(([pattern]) => pattern.test(figure))![1];
  const others = /./;
  switch (step) {
    case "imatrix":
    case "moments":
    case "reference":
      return 0.005;
    case "hellaswag":
    case "winogrande":
    case "multiple_choice":
      // A task or two may tip over.
      return 0.15;
    case "evaluate":
      // The model's divergence from itself is rounding.
      if (cell === "f16" && figure.startsWith("divergence")) return Infinity;
      return among([/chunkErrors/, 0.15], [/p999|maximum/, 0.1], [/divergence/, 0.04], [others, 0.005]);
    default:
      if (weighted.includes(cell)) return among([/chiSquare|degreesOfFreedom|probability/, Infinity], [/zeroRuns/, 0.05], [others, 0.005]);
      // The file's metadata are upstream's; codes, and what the library zstd makes of them, are the same everywhere.
      return among([/\bfile\b/, 0.005], [/weightErrors|zeroRuns\.(expected|chiSquare|probability)/, 1e-6], [others, 1e-12]);
  }
}

const found = new Map<string, Fingerprint>();
let known: Record<string, Fingerprint> = {};
beforeAll(async () => {
  const folder = await lastingTemporaryFolder();
  const taskFiles = {
    hellaswag: path.join(projectRoot, "test", "data", "tasks", "hellaswag.txt"),
    winogrande: path.join(projectRoot, "test", "data", "tasks", "winogrande.csv"),
    multiple_choice: path.join(folder, "multiple-choice"),
  };
  const questions = JSON.parse(await readFile(path.join(projectRoot, "test", "data", "tasks", "multiple-choice.json"), "utf8")) as Question[];
  await writeFile(taskFiles.multiple_choice, multipleChoiceBytes(questions));
  const cells = await runSteps({ study, taskFiles, build: await ensureBuild("patched", { targets: targetsOf(true) }), threads: 2, folder });
  const seen = new Set<Ran>();
  for (const [cell, steps] of cells) {
    for (const ran of steps.filter((one) => !seen.has(one))) {
      seen.add(ran);
      const { version, facts } = ran.record.inputs;
      const fingerprint = found.get(ran.step) ?? { version, ...("xz" in facts && { compressors: facts as Record<string, string | null> }), figures: {} };
      found.set(ran.step, fingerprint);
      fingerprint.figures[cell] = await fingerprintOf(ran);
    }
  }
  known = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Record<string, Fingerprint>;
  if (!writes) return;
  for (const [step, fingerprint] of found) if (known[step]?.version !== fingerprint.version) known[step] = fingerprint;
  known = Object.fromEntries(stepsOfCell.flatMap(({ name }) => (known[name] ? [[name, known[name]]] : [])));
  await writeFile(file, `${JSON.stringify(known, null, 1)}\n`);
});

describe("the figures of a step are those of its version", () => {
  it.each(stepsOfCell.map(({ name }) => name))("%s", (step) => {
    const [before, now] = [known[step], found.get(step)];
    if (!now) throw new Error(`no cell of the study above has a step ${step}: add one, and ${howToWrite}`);
    if (before?.version !== now.version) throw new Error(`${path.basename(file)} has figures of version ${before?.version} of ${step}, which is at ${now.version}: ${howToWrite}`);
    expect(Object.keys(now.figures)).toEqual(Object.keys(before.figures));
    const others = Object.entries(now.compressors ?? {}).filter(([name, version]) => before.compressors?.[name] !== version).map(([name]) => new RegExp(`\\.${name}\\b`));
    for (const [cell, figures] of Object.entries(now.figures)) {
      const changed = differences(before.figures[cell]!, figures, (figure) => toleranceOf(step, cell, figure)).filter((line) => !others.some((pattern) => pattern.test(line)));
      expect(changed, `${step} of ${cell} gives other figures than version ${now.version} did: raise its version, and ${howToWrite}`).toEqual([]);
    }
  });

  it("and there are none of a step that is no more", () => expect(Object.keys(known).sort()).toEqual(stepsOfCell.map(({ name }) => name).sort()));
});

describe("a change shows", () => {
  it("of a number, of an order, and of a figure that is new or gone", () => {
    const before = figuresOf({ ppl: 10, chunks: [1, 2, 3], names: ["a", "b"], seconds: 1 });
    const compare = (result: unknown): string[] => differences(before, figuresOf(result), () => 0.01);
    expect(compare({ ppl: 10.05, chunks: [1, 2, 3], names: ["a", "b"], seconds: 9 })).toEqual([]);
    expect(compare({ ppl: 10.2, chunks: [1, 2, 3], names: ["a", "b"] })).toEqual(["ppl: 10 became 10.2"]);
    expect(compare({ ppl: 10, chunks: [3, 2, 1], names: ["a", "b"] })).toEqual(["chunks[]@: 14 became 10"]);
    expect(compare({ ppl: 10, chunks: [1, 2, 3], names: ["b", "a"] })).toEqual(["names[]: a b became b a"]);
    expect(compare({ chunks: [1, 2, 3], names: ["a", "b"], more: 1 })).toEqual(["ppl: 10 became undefined", "more: undefined became 1"]);
  });
});
