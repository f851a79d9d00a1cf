import path from "node:path";
import { writeFile } from "node:fs/promises";
import { expect, it, vi } from "vitest";
import { type Use, watchUse } from "../../harness/bench/plan/watchUse.ts";
import { ensureBuild } from "../../harness/build/build.ts";
import { demoModel } from "../../harness/paths.ts";
import { forecast } from "../../harness/sweep/forecast/forecast.ts";
import { makeRealLab } from "../support/realLab.ts";
import { startScript } from "../support/cli.ts";

const study = `name: planned
chunks: 24
kl_divergence: true
calibration: { text: demo, chunks: 4 }
cells:
  - { name: f16, type: F16 }
  - { name: iq4, type: IQ4_NL, imatrix: true }
  - { name: q8, type: Q8_0 }
  - { name: packed, type: Q4_0, container: packed, table: balanced }
`;

it("disk and memory that a plan names are within a quarter of what a sweep then takes, and the cells that it names are those that run", async () => {
  await ensureBuild("patched");
  const lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  const [file, out] = [path.join(lab.folder, "planned.yaml"), path.join(lab.folder, "out")];
  await writeFile(file, study);
  const planned = await forecast({ study: file, model: demoModel, out, threads: 2 }, new AbortController().signal);
  expect(planned.cells.map(({ why }) => why !== null)).toEqual([true, true, true, true]);

  const { child, ended } = startScript("sweep.ts", ["--study", file, "--model", demoModel, "--out", out, "--threads", "2"]);
  const stop: () => Use = watchUse(child.pid!, [out, path.join(lab.cache, "store"), path.join(lab.cache, "scratch")], (name) => name.startsWith("llama-"));
  const { code, stderr } = await ended;
  const { disk, memory } = stop();
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(planned.disk.peak / disk).toBeGreaterThan(0.75);
  expect(planned.disk.peak / disk).toBeLessThan(1.25);
  expect(planned.memory!.bytes / memory).toBeGreaterThan(0.75);
  expect(planned.memory!.bytes / memory).toBeLessThan(1.25);

  const again = await forecast({ study: file, model: demoModel, out, threads: 2 }, new AbortController().signal);
  expect(again.cells.map(({ why }) => why)).toEqual([null, null, null, null]);
  expect(again.time.unknown).toEqual([]);
});
