import { expect, test } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import type { PlannedStep } from "../../harness/jobs/job.ts";
import { type OneOfEqual, oneOfEqual } from "../../harness/jobs/oneOfEqual.ts";
import { demoModel } from "../../harness/paths.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { paperTarget } from "../support/target.ts";

const study = parseStudy("name: s\nkl_divergence: true\ncalibration: { text: demo }\ncells:\n  - { name: a, type: Q4_0, radius: 7, imatrix: true }\n  - { name: b, type: Q4_0, radius: 6, imatrix: true }", "s.yaml", () => "");
const given = Object.fromEntries(["model", "text", "training"].map((role, index) => [role, { path: `/somewhere/${role}`, sha256: String(index).repeat(64) }]));

test("cells of a grid hold what they have in common once, and have the same steps as without that", async () => {
  const gguf = await readGguf(demoModel);
  const { context, batch, ubatch, chunks = null } = study;
  const plan = (one?: OneOfEqual): PlannedStep[][] => study.cells.map((cell) => planCell({ cell, study, settings: { context, batch, ubatch, chunks }, gguf, files: {} }, given, paperTarget(), one));
  const alone = plan();
  const [first, second] = plan(oneOfEqual());
  expect([first, second]).toEqual(alone);
  const named = (steps: PlannedStep[] | undefined, name: string): PlannedStep => steps!.find(({ step }) => step === name)!;
  for (const shared of ["imatrix", "reference"]) expect(named(second, shared)).toBe(named(first, shared));
  for (const own of ["count", "evaluate"]) expect(named(second, own).config).toBe(named(first, own).config);
  expect(named(second, "quantize").inputs["model"]).toBe(named(first, "quantize").inputs["model"]);
  expect(named(second, "quantize").key).not.toBe(named(first, "quantize").key);
});
