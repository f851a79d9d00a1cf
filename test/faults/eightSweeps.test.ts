import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, vi } from "vitest";
import { type Build, ensureBuild, studyPrograms } from "../../harness/build/build.ts";
import { storeBuild } from "../../harness/build/record.ts";
import { startScript } from "../support/cli.ts";
import { type LoggedBuild, loggedBuild } from "../support/loggedBuild.ts";
import { leftBehind, makeRealLab, type RealLab } from "../support/realLab.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { faultRow } from "./row.ts";

let build: Build;
let folder: string;
beforeAll(async () => {
  build = await ensureBuild("patched", { targets: studyPrograms });
  folder = await lastingTemporaryFolder();
});

/** Programs that write down their calls, in the place where scripts look for those that were built. */
async function logCalls({ cache, folder: parent }: RealLab): Promise<LoggedBuild> {
  const logged = await loggedBuild(build, path.join(parent, "logged"));
  await rm(path.join(cache, "binaries"));
  const { variant, release, key, tree, libraryHash, compiler, cmakeFlags, cpu, features, backend, tools } = build;
  await storeBuild(path.join(cache, "binaries", key), path.join(parent, "logged"), { variant, release, key, tree, libraryHash, compiler, cmakeFlags, cpu, features, backend, tools }, studyPrograms);
  return logged;
}

faultRow("eight sweeps into one folder", 3, async (index) => {
  const lab = await makeRealLab(path.join(folder, String(index)));
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  const logged = await logCalls(lab);
  const out = path.join(lab.folder, "out");
  const all = await Promise.all(Array.from({ length: 8 }, () => startScript("sweep.ts", ["--study", lab.study, "--out", out, "--threads", "1"]).ended));
  expect(all.filter(({ code }) => code !== 0).map(({ stderr }) => stderr)).toEqual([]);
  // Each sweep that has not heard of it asks the release whether it can load the model, over no chunks.
  const computing = (await logged.calls()).filter(({ arguments: given }) => given[given.indexOf("--chunks") + 1] !== "0");
  const programs = computing.map(({ program }) => program).sort();
  // Predictions of the original once, and three evaluations.
  expect(programs).toEqual(["llama-imatrix", ...Array<string>(4).fill("llama-perplexity"), "llama-quantize", "llama-quantize"]);
  expect(await readdir(path.join(out, "store", "quantize"))).toHaveLength(2);
  expect(await leftBehind(lab, out)).toEqual([]);
});
