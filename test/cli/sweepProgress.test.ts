import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { main } from "../../harness/cli.ts";
import { growingPage } from "../../harness/cli/growingPage.ts";
import { progressJsonSchema } from "../../harness/cli/jsonProgress.ts";
import { projectRoot } from "../../harness/paths.ts";
import { loadResults } from "../../harness/report/load.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import { fakeBuild } from "../support/fakeBuild.ts";
import { makeLab } from "../support/sweepLab.ts";
import { smallModel } from "../support/smallModel.ts";

let stdout = "";
beforeEach(() => {
  stdout = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => void vi.restoreAllMocks());

it("with --json every line that is printed is of the published schema, and the last says how it ended", async () => {
  const lab = await makeLab();
  const options = ["--study", path.join(lab.folder, "s.yaml"), "--model", await smallModel(), "--text", path.join(lab.folder, "text.txt"), "--out", lab.out, "--threads", "1"];
  const build = await fakeBuild(path.join(lab.folder, "bin"), { quantize: '[ "$type" = Q4_1 ] || { echo no >&2; exit 1; }; cp "$made" "$quantized"' });
  expect(await main(["sweep", ...options, "--json"], { build })).toBe(3);
  const published = JSON.parse(readFileSync(path.join(projectRoot, "studies", "progress.schema.json"), "utf8")) as object;
  expect(published).toEqual(JSON.parse(JSON.stringify(progressJsonSchema())));
  const schema = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0]);
  const lines = stdout.trimEnd().split("\n").map((line) => schema.parse(JSON.parse(line)) as { kind: string });
  expect(new Set(lines.map(({ kind }) => kind))).toEqual(new Set(["prepare", "plan", "cell", "done", "end"]));
  expect(lines.at(-1)).toMatchObject({ kind: "end", computed: ["f16", "b"], failed: [{ name: "a" }] });
  expect(() => schema.parse({ ...lines[0], kind: "other" })).toThrow();
});

it("the page is written after a cell, but not when that takes more than a twentieth of the time", async () => {
  const lab = await makeLab();
  await lab.run();
  const { folder } = await loadResults(lab.out);
  let time = 0;
  let looks = 0;
  // Each page takes from one look at the clock to the next.
  const page = growingPage(() => (looks++, time));
  const done = (name: string): SweepEvent => ({ kind: "done", name, position: "", outcome: "computed", text: "" });
  page.report({ kind: "plan", results: folder, cells: ["f16", "a", "b"].map((name) => ({ name, stored: false })) });
  page.report(done("f16"));
  time = 10;
  await page.end();
  expect(readFileSync(path.join(folder, "report.html"), "utf8")).toContain("12.18");
  const before = looks;
  // Ten seconds of at most 0.05 × 100 were spent.
  time = 100;
  page.report(done("a"));
  expect(looks).toBe(before + 1);
});
