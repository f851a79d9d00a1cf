import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it, vi } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import { measurable } from "../../harness/sweep/calibrateRates.ts";
import { startScript } from "../support/cli.ts";
import { makeRealLab } from "../support/realLab.ts";

const study = `name: planned
chunks: 24
kl_divergence: true
calibration: { text: demo, chunks: 4 }
cells:
  - { name: f16, type: F16 }
  - { name: iq4, type: IQ4_NL, imatrix: true }
  - { name: fed, type: Q4_0, feedback: true }
  - { name: fitted, type: Q4_0, container: packed, table: { fit: {} }, encode: nearest, scale: search }
`;

it("a plan that knows no times says which, and with --calibrate measures them, of which nothing but times is kept", async () => {
  await ensureBuild("patched");
  const lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  const [file, out] = [path.join(lab.folder, "planned.yaml"), path.join(lab.folder, "out")];
  await writeFile(file, study);
  const plan = async (...more: string[]): Promise<{ unknown: string[]; seconds: number; stderr: string }> => {
    const { code, stdout, stderr } = await startScript("plan.ts", ["--study", file, "--out", out, "--threads", "2", "--json", ...more]).ended;
    expect(code).toBe(0);
    const { time } = JSON.parse(stdout) as { time: { unknown: string[]; seconds: number } };
    return { ...time, stderr };
  };
  const before = await plan();
  expect(before.unknown.sort()).toEqual(measurable.filter((name) => name !== "build").sort());
  const after = await plan("--calibrate");
  expect(after.stderr).toMatch(/^measuring on prose-7m how long .*evaluate.* take on this machine$/m);
  expect(after.unknown).toEqual([]);
  expect(after.seconds).toBeGreaterThan(before.seconds);
  expect(await readdir(lab.folder)).not.toContain("out");
  expect(await readdir(path.join(lab.cache, "scratch"))).toEqual([]);
  expect((await plan("--calibrate")).stderr).toMatch(/^nothing is to be measured/);
}, 300_000);
