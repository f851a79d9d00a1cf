import { describe, expect, it } from "vitest";
import { type Gguf, readGguf } from "../../harness/gguf/read.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import type { PlannedStep } from "../../harness/jobs/job.ts";
import { demoModel } from "../../harness/paths.ts";
import { keyInputs, keyOf } from "../../harness/steps/key.ts";
import { stepsOfCell } from "../../harness/steps/registry.ts";
import type { AnyStep, Target } from "../../harness/steps/step.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { paperTarget } from "../support/target.ts";

const everything = `name: s
kl_divergence: true
calibration: { text: demo, chunks: 9 }
cells: [{ name: a, type: Q4_0, container: packed, table: basic, encode: nearest, scale: search, imatrix: true }]`;

const given = Object.fromEntries(["model", "text", "training"].map((role, index) => [role, { path: `/somewhere/${role}`, sha256: String(index).repeat(64) }]));

function plan(gguf: Gguf, { text = everything, on = paperTarget(), files = given } = {}): PlannedStep[] {
  const study = parseStudy(text, "s.yaml", () => "");
  const { context, batch, ubatch, chunks = null } = study;
  return planCell({ cell: study.cells[0]!, study, settings: { context, batch, ubatch, chunks }, gguf, files: {} }, files, on);
}

const stepNamed = (name: string): AnyStep => stepsOfCell.find((step) => step.name === name)!;
const changed = (before: readonly PlannedStep[], after: readonly PlannedStep[]): string[] => after.filter(({ key }, index) => key !== before[index]?.key).map(({ step }) => step);

const llama = ["imatrix", "reference", "quantize", "count", "compress", "evaluate"];
const ofQuantized = ["quantize", "count", "compress", "evaluate"];

describe("a step's key", async () => {
  const gguf = await readGguf(demoModel);
  const before = plan(gguf);

  it("is that of every step of a cell", () => expect(before.map(({ step }) => step)).toEqual(stepsOfCell.map(({ name }) => name).filter((name) => llama.includes(name))));

  const builds: [string, Partial<Target["build"]>][] = [
    ["the patched tree", { tree: "other" }], ["the library", { libraryHash: "other" }], ["the compiler", { compiler: "other" }],
    ["its flags", { cmakeFlags: ["-DA=2"] }], ["the processor's features", { features: "x64 avx512" }],
  ];
  it.each(builds)("changes with %s", (_what, facts) => {
    expect(changed(before, plan(gguf, { on: paperTarget([], facts) }))).toEqual(llama);
  });

  it.each([["model", llama], ["text", ["reference", "evaluate"]], ["training", ["imatrix", ...ofQuantized]]] as const)("changes with the content of the %s", (role, expected) => {
    expect(changed(before, plan(gguf, { files: { ...given, [role]: { path: "/somewhere", sha256: "f".repeat(64) } } }))).toEqual(expected);
  });

  it.each([
    ["chunks: 5", "chunks: 5\n", ["reference", "evaluate"]],
    ["batch: 1024", "batch: 1024\n", ["imatrix", "reference", ...ofQuantized]],
    ["ubatch: 256", "ubatch: 256\n", ["imatrix", "reference", ...ofQuantized]],
    ["context: 256", "context: 256\n", ["imatrix", "reference", ...ofQuantized]],
  ])("changes with %s", (_what, line, expected) => {
    expect(changed(before, plan(gguf, { text: line + everything }))).toEqual(expected);
  });

  it.each([["scale: search", "scale: absmax"], ["encode: nearest, scale: search", "encode: bins"], ["table: basic", "table: balanced"]])("of what is quantized changes from %s to %s", (from, to) => {
    expect(changed(before, plan(gguf, { text: everything.replace(from, to) }))).toEqual(ofQuantized);
  });

  it("changes with xz's version, and its absence, where xz is run", () => {
    for (const xz of ["xz 6", null]) expect(changed(before, plan(gguf, { on: { ...paperTarget(), xz } }))).toEqual(["compress"]);
  });

  it("does not change with what decides nothing", () => {
    const elsewhere = Object.fromEntries(Object.entries(given).map(([role, { sha256 }]) => [role, { path: `/elsewhere/${role}.txt`, sha256 }]));
    const on = { ...paperTarget([], { folder: "/moved", cpu: "another name", key: "1".repeat(64), binary: (name) => `/moved/${name}` }), threads: "64" };
    expect(changed(before, plan(gguf, { files: elsewhere, on, text: everything.replace("name: a", "name: b").replace("name: s", "name: t") }))).toEqual([]);
  });

  it("changes with its version, and with that what depends on it, and nothing else", () => {
    for (const [name, expected] of Object.entries({
      imatrix: ["imatrix", ...ofQuantized], reference: ["reference", "evaluate"], quantize: ofQuantized,
      count: ["count"], compress: ["compress"], evaluate: ["evaluate"],
    })) {
      const step = stepNamed(name);
      step.version++;
      try {
        expect(changed(before, plan(gguf)), name).toEqual(expected);
      } finally {
        step.version--;
      }
    }
  });

  it("changes with each part of each step's configuration", () => {
    for (const { step, config, key } of before) {
      const inputs = keyInputs(stepNamed(step), config, {}, paperTarget());
      for (const [field, value] of Object.entries(config)) {
        const other = { ...config, [field]: Array.isArray(value) ? [...value, value[0] ?? "Q4_0"] : typeof value === "boolean" ? !value : typeof value === "number" ? value + 1 : `${String(value)}x` };
        expect(keyOf(stepNamed(step), other, inputs.inputs, paperTarget()), `${step} ${field}`).not.toBe(key);
      }
    }
  });

  it("of what is chosen by second moments changes with them, and with what is fed back", () => {
    const text = everything.replace("imatrix: true", "feedback: true, tensors: [{ match: output.weight, type: Q6_K }]");
    const fed = plan(gguf, { text });
    expect(fed.map(({ step }) => step)).toEqual(["moments", ...llama.slice(1)]);
    expect(changed(fed, plan(gguf, { text, files: { ...given, training: { path: "/somewhere", sha256: "f".repeat(64) } } }))).toEqual(["moments", ...ofQuantized]);
    expect(changed(fed, plan(gguf, { text: text.replace("chunks: 9", "chunks: 8") }))).toEqual(["moments", ...ofQuantized]);
    for (const [from, to] of [["feedback: true", "feedback: { damping: 0.1 }"], ["Q6_K", "Q5_K"], ["type: Q6_K", "type: Q8_0, feedback: true"]]) {
      expect(changed(fed, plan(gguf, { text: text.replace(from!, to!) })), to).toEqual(ofQuantized);
    }
    expect(changed(fed, plan(gguf, { text, on: { ...paperTarget(), threads: "64", memory: 5 } }))).toEqual([]);
  });

  it("of the file that grows does not say how far", () => {
    const more = plan(gguf, { text: `chunks: 130\n${everything}` });
    const growing = (steps: readonly PlannedStep[]): string | null | undefined => steps.find(({ step }) => step === "evaluate")?.growing;
    expect(growing(more)).toBe(growing(plan(gguf, { text: `chunks: 40\n${everything}` })));
  });
});
