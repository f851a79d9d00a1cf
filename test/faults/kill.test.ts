import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeAll, expect, vi } from "vitest";
import { startScript } from "../support/cli.ts";
import { leftBehind, makeRealLab, type RealLab, sweepAndReport, tablesOf } from "../support/realLab.ts";
import { faultRow } from "./row.ts";

let lab: RealLab;
let clean: Record<string, unknown>;
/** Of a whole sweep, by a script of its own. */
let seconds: number;
beforeAll(async () => {
  lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  const out = path.join(lab.folder, "clean");
  const start = performance.now();
  expect(await startScript("sweep.ts", ["--study", lab.study, "--out", out, "--threads", "2"]).ended).toMatchObject({ code: 0 });
  seconds = (performance.now() - start) / 1000;
  clean = await tablesOf(out);
});

faultRow("SIGKILL at a random moment of a sweep, then run again", 40, async (index, random) => {
  const own = await makeRealLabBeside(index);
  const out = path.join(own.folder, "out");
  const { child, ended } = startScript("sweep.ts", ["--study", own.study, "--out", out, "--threads", "2"]);
  await wait(1000 * (0.8 + random() * (seconds - 0.8)));
  child.kill("SIGKILL");
  await ended;
  const start = performance.now();
  expect((await sweepAndReport(own, out)).failed).toEqual([]);
  // Nobody waits until the killed one's claims have been silent for a minute.
  expect((performance.now() - start) / 1000).toBeLessThan(seconds + 45);
  expect(await tablesOf(out)).toEqual(clean);
  expect(await leftBehind(own, out)).toEqual([]);
});

/** Each with a cache of its own: what a kill left in one is no help to the next. */
async function makeRealLabBeside(index: number): Promise<RealLab> {
  const own = await makeRealLab(path.join(lab.folder, String(index)));
  vi.stubEnv("QUANTFLEX_CACHE", own.cache);
  return own;
}
