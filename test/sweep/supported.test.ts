import { expect, it } from "vitest";
import { refuseUnsupported } from "../../harness/sweep/supported.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { findStudy } from "../../harness/study/find.ts";
import { loadStudy } from "../../harness/study/find.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";

it.each([
  { only: "f16", lacks: ["kl-divergence"], says: /^cell f16: llama\.cpp b1 prints no KL divergence .* --release, or take kl_divergence out/ },
  { only: "fitted-model", lacks: ["packed"], says: /^cell fitted-model: .* no packed container; .*--only/ },
  { only: "fitted-model-imatrix", lacks: ["imatrix"], says: /^cell fitted-model-imatrix: .* no importance matrix/ },
] as const)("refuses a cell that needs what the release lacks: $lacks", ({ only, lacks, says }) => {
  const study = loadStudy(findStudy("answers"));
  const cells = study.cells.filter(({ name }) => name === only);
  expect(cells).toHaveLength(1);
  expect(() => refuseUnsupported("b1", (feature) => !lacks.some((lack) => lack === feature), study, cells)).toThrow(says);
  expect(() => refuseUnsupported("b1", () => true, study, cells)).not.toThrow();
});

it("lets the oldest release run the thesis's study", async () => {
  const study = loadStudy(findStudy("thesis"));
  const { tag, lacks = [] } = await releaseNamed("b2329");
  expect(() => refuseUnsupported(tag, (feature) => !lacks.includes(feature), study, study.cells)).not.toThrow();
});

it("is asked before a sweep builds or runs anything", async () => {
  const events: unknown[] = [];
  const refused = sweep({ study: "quick", release: "b2329" }, (event) => events.push(event), new AbortController().signal);
  await expect(refused).rejects.toThrow(/^cell f16: llama\.cpp b2329 prints no KL/);
  expect(events).toEqual([]);
});
