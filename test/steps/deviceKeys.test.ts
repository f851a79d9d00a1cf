import { describe, expect, it } from "vitest";
import { hashText } from "../../harness/hash.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import type { PlannedStep } from "../../harness/jobs/job.ts";
import { stepNamed } from "../../harness/jobs/stepNamed.ts";
import { demoModel } from "../../harness/paths.ts";
import type { Device } from "../../harness/steps/devices.ts";
import type { Target } from "../../harness/steps/step.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { paperTarget } from "../support/target.ts";

const study = parseStudy(`name: s
kl_divergence: true
calibration: { text: demo, chunks: 9 }
cells:
  - { name: a, type: Q4_0, container: packed, table: basic, encode: nearest, scale: search, imatrix: true }
  - { name: b, type: IQ4_NL, feedback: true }
`, "s.yaml", () => "");
const given = Object.fromEntries(["model", "text", "training"].map((role, index) => [role, { path: `/somewhere/${role}`, sha256: String(index).repeat(64) }]));
const card: Device = { name: "Vulkan0", asked: "Vulkan0", line: "Card X | fp16: 1", driver: "one 1.2", totalBytes: 8e9, freeBytes: 7e9 };

describe("a step's key", async () => {
  const gguf = await readGguf(demoModel);
  const { context, batch, ubatch } = study;
  const plan = (device?: Device, build: Partial<Target["build"]> = {}): PlannedStep[] =>
    study.cells.flatMap((cell) => planCell({ cell, study, settings: { context, batch, ubatch, chunks: null }, gguf, files: {} }, given, { ...paperTarget([], build), ...(device && { device }) }));
  const keys = (steps: readonly PlannedStep[]): string[] => steps.map(({ key }) => key);
  const changed = (before: readonly PlannedStep[], after: readonly PlannedStep[]): string[] => [...new Set(after.flatMap(({ step, key }, index) => (key === before[index]!.key ? [] : step)))].sort();

  it("of a processor's target is what it was before there were devices", () => {
    // From the state of the project before them; another when a version of a step is raised.
    const known = plan().map(({ step, key, growing }) => `${step} ${key} ${growing}`).join("\n");
    expect(hashText(known)).toBe("b603536627fd629fbc6a42a2974571d5a682fc8ec996438dc5009b7508965199");
  });

  it("of what computes a model, and of what comes from it, is another on a device; what is quantized plainly is not", () => {
    const [here, there] = [plan(), plan(card)];
    for (const [index, { step, key }] of there.entries()) expect(key !== here[index]!.key, step).toBe(true);
    const plain = parseStudy("name: s\ncells: [{ name: c, type: Q4_0 }]", "s.yaml", () => "");
    const quantized = (device?: Device): string | undefined =>
      planCell({ cell: plain.cells[0]!, study: plain, settings: { context, batch, ubatch, chunks: null }, gguf, files: {} }, given, { ...paperTarget(), ...(device && { device }) }).find(({ step }) => step === "quantize")?.key;
    expect(quantized(card)).toBe(quantized());
  });

  it("is that of the kind of device, whatever one is called and has free", () => {
    expect(keys(plan({ ...card, name: "Vulkan3", asked: "Vulkan3", freeBytes: 1, environment: { GGML_VK_VISIBLE_DEVICES: "3" } }))).toEqual(keys(plan(card)));
    const server = { ...card, server: "one:1" };
    expect(keys(plan({ ...server, server: "one:2", asked: "one:2" }))).toEqual(keys(plan(server)));
  });

  it("changes with the device's line, its driver, and the tools of its build", () => {
    const before = plan(card);
    for (const other of [{ ...card, line: "Card Y" }, { ...card, driver: "one 1.3" }, { ...card, driver: null }]) expect(keys(plan(other))).not.toEqual(keys(before));
    expect(changed(plan(card, { tools: "glslc 1" }), plan(card, { tools: "glslc 2" }))).toEqual(["compress", "count", "evaluate", "imatrix", "moments", "quantize", "reference"]);
  });

  it("names steps that compute a model, and those have the device in their arguments", () => {
    for (const { step, config } of plan(card)) {
      const argv = stepNamed(step).argv(config, { model: "m", text: "t", training: "c", quantized: "q", reference: "r", imatrix: "i", moments: "n" }, { ...paperTarget(), device: card });
      expect(argv.join(" ").includes("--device Vulkan0 -ngl 999 -fit off -fa off -sm none"), step).toBe(stepNamed(step).computes === true);
      expect(argv.includes("none") && argv.includes("--device") && argv[argv.indexOf("--device") + 1] === "none", step).toBe(false);
    }
  });
});
